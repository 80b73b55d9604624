"""Runs a scheduler of one's own."""

from __future__ import annotations

import logging
import threading
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

from celery.beat._persistent import PersistentScheduler
from taskhub import signals
from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub import Celery

logger = logging.getLogger("taskhub.scheduler")


class Service:
    """Runs a scheduler class until it is stopped.

    Args:
        app: The app whose tasks are called.
        max_interval: The longest wait between checks, seconds; None: the scheduler's.
        schedule_filename: Where a `PersistentScheduler` keeps its entries.
        scheduler_cls: The class of its scheduler, or the path of one, `module:class`.
    """

    scheduler_cls: Any = PersistentScheduler

    def __init__(
        self,
        app: Celery,
        max_interval: float | None = None,
        schedule_filename: str | None = None,
        scheduler_cls: Any = None,
    ) -> None:
        self.app = app
        self.max_interval = max_interval
        self.schedule_filename = schedule_filename or app.conf.beat_schedule_filename
        self.scheduler_cls = class_of(scheduler_cls or self.scheduler_cls)
        self._stopping = threading.Event()
        self._stopped = threading.Event()

    @cached_property
    def scheduler(self) -> Any:
        """The scheduler, made when it is first needed."""
        return self.get_scheduler()

    def get_scheduler(self, lazy: bool = False, extension_namespace: str | None = None) -> Any:
        """Return a new scheduler; `lazy`: without its entries."""
        return self.scheduler_cls(
            app=self.app,
            schedule_filename=self.schedule_filename,
            max_interval=self.max_interval,
            lazy=lazy,
        )

    def start(self, embedded_process: bool = False) -> None:
        """Run until `stop`."""
        signals.beat_init.send(self)
        scheduler = self.scheduler
        if embedded_process:
            signals.beat_embedded_init.send(self)
        try:
            while not self._stopping.is_set():
                seconds = scheduler.tick()
                if seconds and seconds > 0:
                    self._stopping.wait(seconds)
                if scheduler.should_sync():
                    scheduler._do_sync()
        finally:
            self.sync()

    def sync(self) -> None:
        """Let the scheduler write down what it has to, and end."""
        self.scheduler.close()
        self._stopped.set()

    def stop(self, wait: bool = False) -> None:
        """Let `start` end; `wait` for it."""
        self._stopping.set()
        if wait:
            self._stopped.wait()


def class_of(named: Any) -> Any:
    """Return a class, given as such or as `module:class` or `module.class`.

    Raises:
        ImproperlyConfigured: There is no such class.
    """
    if not isinstance(named, str):
        return named
    module, _, name = named.replace(":", ".").rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ImproperlyConfigured(f"there is no scheduler {named!r} ({error})") from error
