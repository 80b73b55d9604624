"""The app, and which one is current."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._state import (
    disable_trace,
    enable_trace,
    pop_current_task,
    push_current_task,
    set_default_app,
)
from celery._unsupported import unsupported_getattr
from taskhub.app import Celery, app_or_default, bugreport, default_app, shared_task

__all__ = (
    "Celery",
    "app_or_default",
    "bugreport",
    "default_app",
    "disable_trace",
    "enable_trace",
    "pop_current_task",
    "push_current_task",
    "set_default_app",
    "shared_task",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
