"""The tasks of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.app.registry import TaskRegistry

__all__ = ("TaskRegistry",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
