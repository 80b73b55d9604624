"""Schedules of intervals, with Celery's semantics."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from taskhub.humanize import humanize_seconds
from taskhub.schedules.base import BaseSchedule, schedstate
from taskhub.schedules.zones import elapsed, occurrences

if TYPE_CHECKING:
    from taskhub.app.app import Celery

_SECOND = timedelta(seconds=1)
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: The shortest interval: the store counts in milliseconds.
SHORTEST = timedelta(milliseconds=1)


class schedule(BaseSchedule):  # noqa: N801
    """Runs every so often.

    Args:
        run_every: Seconds, or a timedelta.
        relative: Run at full minutes, hours or days of the clock, whichever the interval is made
            of.
        nowfun: Returns the present; None: the app's `now`.
        app: The app whose time zone counts; None: the current one.
    """

    relative = False

    def __init__(
        self,
        run_every: float | timedelta | None = None,
        relative: bool = False,
        nowfun: Callable[[], datetime] | None = None,
        app: Celery | None = None,
    ) -> None:
        self.run_every: Any = (
            timedelta(seconds=run_every) if isinstance(run_every, int | float) else run_every
        )
        self.relative = relative
        super().__init__(nowfun, app)

    @property
    def seconds(self) -> float:
        """The interval in seconds, 0 if it is negative."""
        return max(float(self.run_every.total_seconds()), 0)

    @property
    def human_seconds(self) -> str:
        """The interval for people, as Celery writes it."""
        return humanize_seconds(self.seconds)

    # -- fire times

    def next_fire(self, after: datetime) -> datetime | None:
        relative = self.relative and self.run_every >= _SECOND
        return end_of_interval(after.astimezone(self.tz), self.run_every, relative)

    def last_fire(self, after: datetime, until: datetime) -> datetime | None:
        if self.relative and self.run_every >= _MINUTE:
            return super().last_fire(after, until)
        passed = (until - after) // self.run_every
        if passed < 1:
            return None
        fire: datetime = after.astimezone(UTC) + passed * self.run_every
        return fire

    # -- as Celery

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        last = self.maybe_make_aware(last_run_at)
        now = self.maybe_make_aware(self.now())
        return end_of_interval(last, self.run_every, self.relative) - now.astimezone(UTC)

    def is_due(self, last_run_at: datetime) -> tuple[bool, float]:
        last = self.maybe_make_aware(last_run_at)
        left = self.remaining_estimate(last).total_seconds()
        if left > 0:
            return schedstate(False, left)
        following = self.seconds
        if self.relative:
            now = self.maybe_make_aware(self.now()).astimezone(last.tzinfo)
            to_boundary = self.remaining_estimate(now).total_seconds()
            following = to_boundary if to_boundary > 0 else following
        return schedstate(True, following)

    # -- as a value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, schedule):
            return bool(self.run_every == other.run_every)
        return bool(self.run_every == other)

    __hash__ = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.run_every, self.relative, self.nowfun)

    def __repr__(self) -> str:
        return f"<freq: {self.human_seconds}>"


def maybe_schedule(s: Any, relative: bool = False, app: Celery | None = None) -> Any:
    """Return a schedule of seconds or a timedelta; a schedule is returned as it is."""
    if isinstance(s, int | float):
        s = timedelta(seconds=s)
    if isinstance(s, timedelta):
        return schedule(s, relative, app=app)
    if s is not None:
        s.app = app
    return s


def end_of_interval(start: datetime, every: timedelta, relative: bool) -> datetime:
    """Return when an interval ends that began at `start` (with a zone), in UTC.

    Relative ones end at a boundary of the local clock: the last one within the interval that is
    after its start. Days are days of the calendar, however many hours they have.
    """
    start_utc = start.astimezone(UTC)
    if not relative:
        return start_utc + every
    if every >= _DAY:
        days_later = start + every
        return min(
            (found for found in _boundaries(days_later, every) if found > start_utc),
            default=days_later.astimezone(UTC),
        )
    end, end_utc = elapsed(start, every), start_utc + every
    found: tuple[datetime, ...] = _boundaries(end, every)
    last = _last_within(found, end_utc) or min(found)
    if every < _MINUTE or last > start_utc:
        return last
    # The clock was set back in between: the boundary may be of before or after the change.
    unit = _HOUR if every >= _HOUR else _MINUTE
    found = (*found, *_boundaries(end + unit, every), *_boundaries(start + every, every))
    later = [moment for moment in found if moment > start_utc]
    return _last_within(later, end_utc) or min(later, default=end_utc)


def _boundaries(wall: datetime, every: timedelta) -> tuple[datetime, datetime]:
    """Return both occurrences of the boundary of the clock at or before a local time."""
    wall = wall.replace(microsecond=0)
    if every >= _DAY:
        wall = wall.replace(hour=0, minute=0, second=0)
    elif every >= _HOUR:
        wall = wall.replace(minute=0, second=0)
    elif every >= _MINUTE:
        wall = wall.replace(second=0)
    return occurrences(wall)


def _last_within(
    moments: tuple[datetime, ...] | list[datetime], until: datetime
) -> datetime | None:
    return max((moment for moment in moments if moment <= until), default=None)
