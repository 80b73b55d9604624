"""The parts of the app for those who watch: events as they come, and what endings add up to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from taskhub.statistics import Summary, summarize

if TYPE_CHECKING:
    from taskhub.app.events import Events
    from taskhub.engine.port import Engine
    from taskhub.statistics.tally import Subject


class MonitoringFace:
    """Events under Celery's names, statistics under our own."""

    @property
    def engine(self) -> Engine:
        """The engine behind this app."""
        raise NotImplementedError

    @cached_property
    def events(self) -> Events:
        """Following and sending events: `app.events.Receiver(handlers={"*": print}).capture()`."""
        from taskhub.app.app import Celery
        from taskhub.app.events import Events

        assert isinstance(self, Celery)
        return Events(self)

    def statistics(self, minutes: int, until: int | None = None) -> dict[Subject, Summary]:
        """Return what became of executions, by task and queue; the busiest first.

        Parameters:
          minutes: how many are added up; the store keeps as many as the setting `statistics_expires` says.
          until: the last one, counted from the epoch; None: the present one, which has only begun.

        Raises:
          OperationalError: the store is out of reach.
        """
        last = self.engine.minute() if until is None else until
        return summarize(self.engine.counts(range(last - minutes + 1, last + 1)))
