"""The loader of apps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from celery.loaders.base import BaseLoader

__all__ = ("AppLoader",)


class AppLoader(BaseLoader):
    """The loader of an app that names none."""


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
