"""The app: configuration, tasks, and the way to the engine."""

from taskhub.app.app import Celery
from taskhub.app.current import app_or_default, current_app, default_app, set_current_app
from taskhub.app.shared import shared_task

__all__ = [
    "Celery",
    "app_or_default",
    "current_app",
    "default_app",
    "set_current_app",
    "shared_task",
]
