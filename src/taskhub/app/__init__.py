"""The app, and the proxies of the current app and task."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from taskhub import current
from taskhub.app.app import Celery
from taskhub.app.proxy import Proxy
from taskhub.app.shared import shared_task
from taskhub.current import app_or_default

if TYPE_CHECKING:
    from taskhub.task.task import Task


def bugreport(app: Celery | None = None) -> str:
    """Return the text for a bug report: versions, platform and settings, secrets masked."""
    return app_or_default(app).bugreport()


#: Stands for the app that is current when it is used.
current_app = cast("Celery", Proxy(current.current_app))
#: Stands for the app that is used when no other was made.
default_app = cast("Celery", Proxy(current.default_app))
#: Stands for the innermost task that is running; false outside of tasks.
current_task = cast("Task[Any, Any]", Proxy(current.current_task))

__all__ = [
    "Celery",
    "app_or_default",
    "bugreport",
    "current_app",
    "current_task",
    "default_app",
    "shared_task",
]
