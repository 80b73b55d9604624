"""Texts that should be URLs, without their passwords."""

from __future__ import annotations

from taskhub.stores import mask_url

__all__ = ("mask_secret",)


def mask_secret(url: str) -> str:
    """Return a text that should be a URL, without a password."""
    masked = mask_url(url)
    # Without a scheme, or with a '#' or space in it, a password can't be distinguished.
    return masked if "://" in masked else masked.rpartition("@")[2]
