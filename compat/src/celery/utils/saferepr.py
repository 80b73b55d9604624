"""Texts of values for logs, of bounded length (as `celery.utils.saferepr`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub.serialization.safe_repr import safe_repr

__all__ = ("saferepr",)


def saferepr(o: Any, maxlen: int | None = None, maxlevels: int = 3, seen: Any = None) -> str:
    """Return the text of a value.

    Args:
        o: The value.
        maxlen: The most characters; None: any number.
        maxlevels: How deep containers are shown.
        seen: Accepted as Celery's, without effect.
    """
    return safe_repr(o, maxlen, maxlevels)


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
