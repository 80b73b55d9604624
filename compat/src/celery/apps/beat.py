"""Schedulers that a program starts itself: `app.Beat().run()`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from celery.apps.worker import arguments_of
from taskhub.app import app_or_default

__all__ = ("Beat",)

#: Options of a scheduler -> those of the command line.
_OF_BEATS: Mapping[str, str] = {
    "loglevel": "--loglevel",
    "logfile": "--logfile",
    "pidfile": "--pidfile",
    "schedule": "--schedule",
    "max_interval": "--max-interval",
    "scheduler": "--scheduler",
    "scheduler_cls": "--scheduler",
}


class Beat:
    """A scheduler that runs in this process until it is stopped.

    Args:
        app: The app; None: the current one.
        options: As those of `celery beat`, by Celery's names: `loglevel`, `scheduler_cls`,
            `schedule`, ...
    """

    def __init__(self, app: Any = None, **options: Any) -> None:
        self.app = app_or_default(app)
        self.options = options

    def run(self) -> Any:
        """Run the scheduler; returns when it has ended.

        Raises:
            SystemExit: An option is wrong.
        """
        return self.app.start(["celery", "beat", *arguments_of(self.options, _OF_BEATS)])

    start_scheduler = run


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
