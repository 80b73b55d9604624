"""Times, time zones and durations (as `celery.utils.time`)."""

from __future__ import annotations

import time as clock
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from celery._unsupported import unsupported_getattr
from taskhub.humanize import humanize_seconds
from taskhub.rates import per_second
from taskhub.schedules.interval import end_of_interval
from taskhub.schedules.zones import LocalZone, elapsed, occurrences
from taskhub.task.retry import backoff

__all__ = (
    "DAYNAMES",
    "MONTHNAMES",
    "WEEKDAYS",
    "YEARMONTHS",
    "LocalTimezone",
    "add_seconds_to_datetime",
    "adjust_timestamp",
    "delta_resolution",
    "ffwd",
    "get_exponential_backoff_interval",
    "humanize_seconds",
    "is_naive",
    "localize",
    "make_aware",
    "maybe_iso8601",
    "maybe_make_aware",
    "maybe_timedelta",
    "rate",
    "remaining",
    "subtract_datetimes",
    "timezone",
    "to_utc",
    "utcoffset",
    "weekday",
    "yearmonth",
)

#: The time zone of this machine.
LocalTimezone = LocalZone

DAYNAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
MONTHNAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
#: Day -> number, from Sunday, 0.
WEEKDAYS = {name: number for number, name in enumerate(DAYNAMES)}
#: Month -> number, from January, 1.
YEARMONTHS = {name: number for number, name in enumerate(MONTHNAMES, 1)}


class Zones:
    """Time zones: this machine's, UTC, and any by name."""

    @cached_property
    def local(self) -> tzinfo:
        """That of this machine."""
        return LocalZone()

    @cached_property
    def utc(self) -> tzinfo:
        """UTC."""
        return ZoneInfo("UTC")

    def get_timezone(self, zone: str | tzinfo) -> tzinfo:
        """Return a zone by its name; a zone as it is.

        Raises:
            ZoneInfoNotFoundError: There is none of this name.
        """
        return ZoneInfo(zone) if isinstance(zone, str) else zone

    def tz_or_local(self, tzinfo: str | tzinfo | None = None) -> tzinfo:
        """Return the zone that is named, by default this machine's."""
        return self.local if tzinfo is None else self.get_timezone(tzinfo)

    def to_local(
        self, dt: datetime, local: str | tzinfo | None = None, orig: tzinfo | None = None
    ) -> datetime:
        """Return a time in the zone `local`; a naive one is in `orig`, by default UTC."""
        if is_naive(dt):
            dt = make_aware(dt, orig or self.utc)
        return localize(dt, self.tz_or_local(local))

    def to_system(self, dt: datetime) -> datetime:
        """Return a moment in this machine's time."""
        return dt.astimezone()

    def to_local_fallback(self, dt: datetime) -> datetime:
        """Return a moment in this machine's time; one without a zone is taken as such."""
        return make_aware(dt, self.local) if is_naive(dt) else localize(dt, self.local)


timezone = Zones()


# -- lengths of time


def maybe_timedelta(delta: Any) -> Any:
    """Return seconds as a timedelta; anything else as it is."""
    return timedelta(seconds=delta) if isinstance(delta, int | float) else delta


def delta_resolution(dt: datetime, delta: timedelta) -> datetime:
    """Return a time rounded down to days, hours or minutes, by the greatest unit of `delta`."""
    seconds = delta.total_seconds()
    dt = dt if seconds < 60 else dt.replace(second=0, microsecond=0)
    if seconds >= 3600:
        dt = dt.replace(minute=0)
    return dt.replace(hour=0) if seconds >= 86400 else dt


def remaining(
    start: datetime, ends_in: Any, now: datetime | None = None, relative: bool = False
) -> timedelta:
    """Return the time left until `ends_in` after `start`; negative: it is over.

    Args:
        start: The beginning.
        ends_in: A timedelta, or an `ffwd`.
        now: The present; None: as the clock shows it.
        relative: It ends at a full minute, hour or day of the clock, whichever `ends_in` is made
            of.
    """
    if isinstance(ends_in, timedelta):
        end = end_of_interval(start if start.tzinfo else start.astimezone(), ends_in, relative)
    else:
        end = start + ends_in
    return end.astimezone(UTC) - (now or datetime.now(UTC)).astimezone(UTC)


def rate(r: str | float | None) -> float:
    """Return a rate such as "100/m" in runs per second; 0: without limit.

    Raises:
        ValueError: It is of another form.
    """
    return per_second(r)


def get_exponential_backoff_interval(
    factor: int, retries: int, maximum: int, full_jitter: bool = False
) -> int:
    """Return the seconds before the next try: `factor * 2 ** retries`, at most `maximum`.

    With `full_jitter` it is a random number from 0 to that.
    """
    return backoff(factor, retries, maximum, full_jitter)


# -- moments


def is_naive(dt: datetime) -> bool:
    """Whether a moment has no time zone."""
    return dt.utcoffset() is None


def make_aware(dt: datetime, tz: tzinfo) -> datetime:
    """Return a time as local time of a zone; of two, the first; a skipped one as much later."""
    first, second = occurrences(dt.replace(tzinfo=tz))
    there = dt.replace(tzinfo=tz)
    if first != second:
        return there.replace(fold=0)
    moment = first.astimezone(tz)
    left_out = moment.replace(tzinfo=None) != dt.replace(tzinfo=None)
    return moment if left_out else there


def localize(dt: datetime, tz: tzinfo) -> datetime:
    """Return a time in UTC in a zone's time, a naive one as that zone's, others as they are."""
    if is_naive(dt):
        dt = make_aware(dt, tz)
    return dt.astimezone(tz) if dt.tzinfo in (UTC, timezone.utc) else dt


def to_utc(dt: datetime) -> datetime:
    """Return a moment without a zone as one in UTC."""
    return make_aware(dt, timezone.utc)


def maybe_make_aware(dt: datetime, tz: tzinfo | None = None, naive_as_utc: bool = True) -> datetime:
    """Return a time with a zone; a naive one in `tz`, as UTC unless not `naive_as_utc`."""
    if not is_naive(dt):
        return dt
    if naive_as_utc:
        dt = to_utc(dt)
    return localize(dt, timezone.utc if tz is None else timezone.tz_or_local(tz))


def maybe_iso8601(dt: datetime | str | None) -> datetime | None:
    """Return the moment that a text in ISO 8601 names; a moment as it is; None for nothing.

    Raises:
        ValueError: The text names none.
    """
    if not dt:
        return None
    return dt if isinstance(dt, datetime) else datetime.fromisoformat(dt)


def add_seconds_to_datetime(dt: datetime, seconds: float) -> datetime:
    """Return the moment that much real time later, in the same zone."""
    duration = timedelta(seconds=seconds)
    return dt + duration if is_naive(dt) else elapsed(dt, duration)


def subtract_datetimes(end: datetime, start: datetime) -> timedelta:
    """Return the real time between two moments; those without a zone are taken as UTC."""
    return maybe_make_aware(end).astimezone(UTC) - maybe_make_aware(start).astimezone(UTC)


def utcoffset(time: Any = clock, localtime: Callable[[], Any] = clock.localtime) -> float:
    """Return how many hours this machine's time is behind UTC, now."""
    seconds: int = time.altzone if localtime().tm_isdst else time.timezone
    return seconds / 3600


def adjust_timestamp(ts: float, offset: float, here: Callable[[], float] = utcoffset) -> float:
    """Return a timestamp of a machine that is `offset` hours behind UTC as one of this machine."""
    return ts - (offset - here()) * 3600


# -- the calendar


def weekday(name: str) -> int:
    """Return the number of a weekday, from Sunday, 0, by its name in English.

    Raises:
        KeyError: There is none of this name.
    """
    return _numbered(name, WEEKDAYS)


def yearmonth(name: str) -> int:
    """Return the number of a month, from January, 1, by its name in English.

    Raises:
        KeyError: There is none of this name.
    """
    return _numbered(name, YEARMONTHS)


def _numbered(name: str, numbers: dict[str, int]) -> int:
    try:
        return numbers[name[:3].lower()]
    except KeyError:
        raise KeyError(name) from None


class ffwd:
    """What is added to a date: fields are set, weeks are added, and then the weekday is sought."""

    def __init__(
        self,
        year: int | None = None,
        month: int | None = None,
        weeks: int = 0,
        weekday: int | None = None,
        day: int | None = None,
        hour: int | None = None,
        minute: int | None = None,
        second: int | None = None,
        microsecond: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.year, self.month, self.day = year, month, day
        self.hour, self.minute, self.second, self.microsecond = hour, minute, second, microsecond
        self.weeks, self.weekday, self.days = weeks, weekday, weeks * 7

    def _given(self) -> dict[str, int]:
        names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        fields = {name: getattr(self, name) for name in names}
        return {name: value for name, value in fields.items() if value is not None}

    def __radd__(self, other: Any) -> Any:
        if not isinstance(other, date):
            return NotImplemented
        year, month = self.year or other.year, self.month or other.month
        day = min(monthrange(year, month)[1], self.day or other.day)
        there: Any = other.replace(**{**self._given(), "year": year, "month": month, "day": day})
        if self.weekday is not None:
            there += timedelta(days=(self.weekday - there.weekday()) % 7)
        return there + timedelta(days=self.days)

    def __repr__(self) -> str:
        shown = {**self._given(), "weeks": self.weeks, "weekday": self.weekday}
        fields = (f"{name}={value!r}" for name, value in shown.items() if value is not None)
        return f"ffwd({', '.join(fields)})"


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
