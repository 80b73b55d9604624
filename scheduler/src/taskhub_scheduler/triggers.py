"""Schedules as triggers of APScheduler.

APScheduler counts weekdays from Monday, steps fields from their least value, and has its own ways
over daylight-saving changes. So a crontab is given to its `CronTrigger` as the numbers that it
stands for, over hands of a clock that never change (UTC); only then is the local time placed in its
zone, by Celery's rules.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from taskhub.schedules import BaseSchedule, crontab, schedule
from taskhub.schedules.due_fires import next_fire
from taskhub.schedules.entry import Entry
from taskhub_scheduler.clock import StoreClock

_INSTANT = timedelta(microseconds=1)
_CHECK_INTERVAL = timedelta(seconds=1)
#: When an entry is looked at again whose schedule fails.
PAUSE = timedelta(seconds=10)


def trigger_for(made: BaseSchedule, last: Callable[[], datetime]) -> Any:
    """Return the trigger of a schedule, for an entry whose last fire time was `last()` (UTC)."""
    if (
        made.has_known_fires
        and isinstance(made, crontab)
        and type(made).next_fire is crontab.next_fire
    ):
        return CrontabTrigger(made)
    if type(made) is schedule and not made.relative:
        # `start_date` is the fire time that the others are counted from.
        return IntervalTrigger(
            seconds=made.run_every.total_seconds(), start_date=last(), timezone=UTC
        )
    return ScheduleTrigger(made, last)


class CrontabTrigger(BaseTrigger):  # type: ignore[misc]
    """Celery's crontab on APScheduler's."""

    def __init__(self, made: crontab) -> None:
        self._zone = made.tz
        self._hands = CronTrigger(
            minute=_numbers(made.minute),
            hour=_numbers(made.hour),
            day=_numbers(made.day_of_month),
            month=_numbers(made.month_of_year),
            # Celery: 0 is Sunday. APScheduler: 0 is Monday.
            day_of_week=_numbers({(day - 1) % 7 for day in made.day_of_week}),
            second=0,
            timezone=UTC,
        )

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:
        """Return the first fire time after `now`, or after the previous one if that is later."""
        after = max(previous_fire_time or now, now) - _INSTANT
        wall = after.astimezone(self._zone).replace(tzinfo=None)
        while True:
            # What the minute of `wall` may have matched is past.
            begin = wall.replace(second=0, microsecond=0) + timedelta(minutes=1)
            found = self._hands.get_next_fire_time(None, begin.replace(tzinfo=UTC))
            if found is None:
                return None
            wall = found.replace(tzinfo=None)
            fire = wall.replace(tzinfo=self._zone).astimezone(UTC)
            if fire > after:
                return fire


class ScheduleTrigger(BaseTrigger):  # type: ignore[misc]
    """Any other schedule: by the sun, at full hours of the clock, or of the user's own class.

    Args:
        last: Returns the fire time that the next one is counted from.
    """

    def __init__(self, made: BaseSchedule, last: Callable[[], datetime]) -> None:
        self._schedule = made
        self._last = last

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:
        """Return the first fire time after `now`, or after the previous one if that is later."""
        after, last = max(previous_fire_time or now, now) - _INSTANT, self._last()
        if self._schedule.has_known_fires:
            return next_fire(self._schedule, self._schedule.last_fire(last, after) or last)
        found = next_fire(self._schedule, last)
        # It is due as long as it has not been seen to: look again soon.
        return found if found is None or found > now else now + _CHECK_INTERVAL


class EntryTrigger(BaseTrigger):  # type: ignore[misc]
    """The trigger of an entry: fire times of the store's clock, for APScheduler on the host's.

    A schedule of the user's own may raise. APScheduler would end then, so the trigger fires again
    after a pause, and the job logs the error.

    Args:
        last: Returns the last fire time of the entry that was dealt with, None if it is new.
    """

    def __init__(
        self, entry: Entry, clock: StoreClock, last: Callable[[Entry], datetime | None]
    ) -> None:
        self._entry = entry
        self._clock = clock
        self._last = last
        self._inner: Any = None

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> Any:
        """Return the first fire time after `now` and the previous one, by the host's clock."""
        # Never counted from the previous one: that may have been called for out of turn.
        after = max(previous_fire_time + _INSTANT if previous_fire_time else now, now)
        try:
            fire, ahead = self._next_fire(after)
        except Exception:
            return after + PAUSE
        # Rounding must not lead back.
        return None if fire is None else max(fire.astimezone(UTC) - ahead, after)

    def _next_fire(self, after: datetime) -> tuple[datetime | None, timedelta]:
        """Return the next fire time by the entry's clock, and how far it is ahead of the host's."""
        if self._inner is None:
            self._inner = trigger_for(self._entry.schedule, self._last_fire)
        now = self._clock.now()
        # A `nowfun` may live in another time.
        ahead = self._clock.offset + (self._entry.present(now) - now)
        return self._inner.get_next_fire_time(None, after.astimezone(UTC) + ahead), ahead

    def _last_fire(self) -> datetime:
        return self._last(self._entry) or self._entry.present(self._clock.now())


def _numbers(found: set[int]) -> str:
    return ",".join(str(number) for number in sorted(found))
