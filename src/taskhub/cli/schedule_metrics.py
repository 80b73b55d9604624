"""Prometheus metrics of a scheduler: whether it leads, and how late each periodic job is."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from taskhub.exceptions import OperationalError

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from taskhub.app.app import Celery
    from taskhub.schedules.status import EntryStatus

logger = logging.getLogger(__name__)


class ScheduleCollector:
    """Makes the metrics at each scrape, from the store: those of a standby are the same.

    Args:
        app: Whose periodic jobs.
        leads: Returns whether this scheduler leads.
    """

    def __init__(self, app: Celery, leads: Callable[[], bool]) -> None:
        self._app = app
        self._leads = leads

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; those of jobs only if the store can be reached."""
        from prometheus_client.core import GaugeMetricFamily

        yield GaugeMetricFamily(
            "taskhub_scheduler_leads", "Whether this scheduler leads.", value=self._leads()
        )
        reached = False
        try:
            statuses = self._app.schedule.status()
            reached = True
            yield from _of_jobs(statuses, time.time())
        except OperationalError as error:
            logger.warning("metrics: %s", error)
        yield GaugeMetricFamily(
            "taskhub_store_up", "Whether the store could be reached.", value=reached
        )


def _of_jobs(statuses: list[EntryStatus], now: float) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    labels = ("entry",)
    enabled = GaugeMetricFamily(
        "taskhub_schedule_enabled", "Whether the job is enabled, not paused.", labels=labels
    )
    late = GaugeMetricFamily(
        "taskhub_schedule_late_seconds", "For how long the next run has been due.", labels=labels
    )
    following = GaugeMetricFamily(
        "taskhub_schedule_next_run_timestamp_seconds", "When it runs next.", labels=labels
    )
    last = GaugeMetricFamily(
        "taskhub_schedule_last_run_timestamp_seconds", "When it was sent last.", labels=labels
    )
    behind = GaugeMetricFamily(
        "taskhub_schedule_queued", "Runs queued behind one that has not ended.", labels=labels
    )
    sent = CounterMetricFamily("taskhub_schedule_runs", "Runs that were sent.", labels=labels)
    skipped = CounterMetricFamily(
        "taskhub_schedule_skipped", "Runs skipped because of one before.", labels=labels
    )
    for status in statuses:
        name = (status.entry.name,)
        enabled.add_metric(name, status.entry.enabled)
        due = None if status.next_run is None else status.next_run.timestamp()
        late.add_metric(name, 0.0 if due is None else max(0.0, now - due))
        if due is not None:
            following.add_metric(name, due)
        if status.last_run is not None:
            last.add_metric(name, status.last_run.timestamp())
        behind.add_metric(name, status.queued_behind)
        sent.add_metric(name, status.sent)
        skipped.add_metric(name, status.skipped)
    yield from (enabled, late, following, last, behind, sent, skipped)
