"""Events of tasks and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.app.events import Events

__all__ = ("Events",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
