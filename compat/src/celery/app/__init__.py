"""The app, and which one is current."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.app import (
    Celery,
    app_or_default,
    bugreport,
    default_app,
    shared_task,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "Celery",
    "app_or_default",
    "bugreport",
    "default_app",
    "shared_task",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
