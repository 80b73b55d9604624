"""Schedulers of programs' own, in the place of taskhub's: `celery beat -S module:class`."""

from __future__ import annotations

import logging
import signal
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger("taskhub.scheduler")

#: Celery's own, in whose place taskhub's runs.
_CELERYS = (
    *("celery.beat:PersistentScheduler", "celery.beat.PersistentScheduler"),
    *("celery.beat:Scheduler", "celery.beat.Scheduler"),
)


def own_scheduler(app: Celery, named: str | None) -> str | None:
    """Return the scheduler class named by the option or `beat_scheduler`; None: taskhub's own."""
    chosen = named or app.conf.beat_scheduler
    return None if not chosen or chosen in _CELERYS else chosen


class OwnScheduler:
    """Runs one.

    Args:
        app: whose tasks are called.
        scheduler: its class, or the path of one.
        filename: where a `PersistentScheduler` keeps its entries.
        max_interval: the longest wait between two checks, seconds.

    Raises:
        ImproperlyConfigured: there is no such class.
    """

    def __init__(
        self, app: Celery, scheduler: Any, filename: str | None, max_interval: float | None
    ) -> None:
        self._service = app.beat_service(max_interval, filename, scheduler)
        kind = self._service.scheduler_cls
        self.name = f"{kind.__module__}.{kind.__qualname__}"

    def handle_signals(self) -> None:
        """Stop on SIGTERM and SIGINT."""

        def on_signal(number: int, frame: FrameType | None) -> None:
            self.stop()

        signal.signal(signal.SIGTERM, on_signal)
        signal.signal(signal.SIGINT, on_signal)

    def run(self) -> None:
        """Run until `stop`."""
        logger.info("%s is to run once: two of them send every call twice", self.name)
        self._service.start()

    def stop(self) -> None:
        """Let `run` end."""
        self._service.stop()
