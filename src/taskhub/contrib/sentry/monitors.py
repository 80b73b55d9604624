"""Check-ins of cron monitors: one for each run of a periodic job."""

from __future__ import annotations

import logging
import math
import re
import time
import uuid
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from sentry_sdk.crons import capture_checkin
from sentry_sdk.crons.consts import MonitorStatus

from taskhub import states
from taskhub.exceptions import OperationalError
from taskhub.schedules.crontabs import crontab
from taskhub.schedules.interval import schedule
from taskhub.schedules.schedule_format import describe_schedule

if TYPE_CHECKING:
    from taskhub import Celery
    from taskhub.outcome import Outcome
    from taskhub.schedules.base import BaseSchedule
    from taskhub.schedules.entry import Entry

logger = logging.getLogger(__name__)

#: Periodic jobs are read anew after so long, seconds.
FRESH: Final = 60.0
#: Sentry's longest name of a monitor.
LONGEST_SLUG: Final = 50
_UNITS: Final = (
    ("week", timedelta(weeks=1)),
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
)
_ENDED_WELL: Final = frozenset((states.SUCCESS, states.IGNORED))


class Monitors:
    """Sends check-ins.

    Args:
        excluded: Patterns of the names of periodic jobs without a monitor.
    """

    def __init__(self, excluded: tuple[str, ...]) -> None:
        self._excluded = excluded
        self._entries: Mapping[str, Entry] = {}
        self._read_at = -math.inf

    def begin(self, app: Celery, name: str, task_id: str) -> None:
        """Report that a run has begun; nothing, if Sentry knows no such schedule."""
        config = self._config_of(app, name)
        if config is not None:
            capture_checkin(
                monitor_slug=slug_of(name),
                check_in_id=check_in_of(task_id),
                status=MonitorStatus.IN_PROGRESS,
                monitor_config=config,  # type: ignore[arg-type]
            )

    def end(
        self, app: Celery, name: str, task_id: str, outcome: Outcome | None, took: float
    ) -> None:
        """Report how a run has ended; nothing, if it goes on with another try."""
        if outcome is not None and outcome.state in (states.RETRY, states.REJECTED):
            return
        config = self._config_of(app, name)
        if config is not None:
            well = outcome is not None and outcome.state in _ENDED_WELL
            capture_checkin(
                monitor_slug=slug_of(name),
                check_in_id=check_in_of(task_id),
                status=MonitorStatus.OK if well else MonitorStatus.ERROR,
                duration=took,
                monitor_config=config,  # type: ignore[arg-type]
            )

    def _config_of(self, app: Celery, name: str) -> dict[str, Any] | None:
        if any(fnmatchcase(name, pattern) for pattern in self._excluded):
            return None
        entry = self._entry(app, name)
        if entry is None:
            return None
        zone = str(entry.schedule.tz)
        return config_of(entry.schedule, zone)

    def _entry(self, app: Celery, name: str) -> Entry | None:
        now = time.monotonic()
        if name not in self._entries or now - self._read_at > FRESH:
            try:
                self._entries = app.schedule.entries()
                self._read_at = now
            except OperationalError as error:
                logger.warning("%s; the schedule of %r is as it was known before", error, name)
        return self._entries.get(name)


def config_of(made: BaseSchedule, zone: str) -> dict[str, Any] | None:
    """Return a schedule as Sentry's monitors have it; None: they have none of this kind."""
    if isinstance(made, crontab):
        return {
            "schedule": {"type": "crontab", "value": describe_schedule(made)},
            "timezone": zone,
        }
    if isinstance(made, schedule):
        every = made.run_every
        if every < timedelta(minutes=1):
            return None
        unit, length = next((u, n) for u, n in _UNITS if every % n == timedelta(0) or u == "minute")
        return {
            "schedule": {"type": "interval", "value": math.ceil(every / length), "unit": unit},
            "timezone": zone,
        }
    return None


def slug_of(name: str) -> str:
    """Return the name of a periodic job in the characters that names of monitors may have."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")[:LONGEST_SLUG] or "periodic-job"


def check_in_of(task_id: str) -> str:
    """Return the id of the check-in of a run, the same for all its tries."""
    return uuid.uuid5(uuid.NAMESPACE_OID, task_id).hex
