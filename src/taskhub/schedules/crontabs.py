"""Jobs by the clock and the calendar, with the fields and the meaning of Celery's `crontab`."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Self
from zoneinfo import ZoneInfo

from taskhub.schedules import fields
from taskhub.schedules.base import BaseSchedule, schedstate
from taskhub.schedules.fields import Cronspec

#: How many years may lie between two matching days: 29 February on one weekday comes every 28
#: years, or after 40.
_YEARS = 50


class crontab(BaseSchedule):  # noqa: N801
    """Fires at the minutes that match all five fields, in the app's time zone.

    A field is a number, several numbers, or a text: `"*"`, `"*/15"`, `"8-17/2"`, `"1,15"`,
    `"mon-fri"`. Day of week 0 is Sunday. All fields must match, both days, too: `day_of_week=1,
    day_of_month="1-7"` is the first Monday of a month.

    A local time that is left out when clocks are put forward counts as that much later; one that
    comes twice counts the first time.

    Raises:
        ParseException: A text is not of a field's form.
        ValueError: A number is out of range, or the days never occur in the months.
        TypeError: A field is neither a number, a text nor several numbers.
    """

    absolute = True

    def __init__(
        self,
        minute: Cronspec = "*",
        hour: Cronspec = "*",
        day_of_week: Cronspec = "*",
        day_of_month: Cronspec = "*",
        month_of_year: Cronspec = "*",
        **kwargs: Any,
    ) -> None:
        self._orig_minute = _or_any(minute)
        self._orig_hour = _or_any(hour)
        self._orig_day_of_week = _or_any(day_of_week)
        self._orig_day_of_month = _or_any(day_of_month)
        self._orig_month_of_year = _or_any(month_of_year)
        self._orig_kwargs = kwargs
        self.minute = fields.expand(self._orig_minute, fields.MINUTE)
        self.hour = fields.expand(self._orig_hour, fields.HOUR)
        self.day_of_week = fields.expand(self._orig_day_of_week, fields.DAY_OF_WEEK)
        self.day_of_month = fields.expand(self._orig_day_of_month, fields.DAY_OF_MONTH)
        self.month_of_year = fields.expand(self._orig_month_of_year, fields.MONTH_OF_YEAR)
        fields.check_days(self.day_of_month, self.month_of_year)
        self._times = [
            time(hour, minute) for hour in sorted(self.hour) for minute in sorted(self.minute)
        ]
        super().__init__(**kwargs)

    @classmethod
    def from_string(cls, crontab: str) -> Self:
        """Return the crontab of a text such as "30 7 * * mon-fri".

        The fields are minute, hour, day of month, month and day of week.

        Raises:
            ValueError: It has not five fields, or one of them is out of range.
            ParseException: A field cannot be read.
        """
        written = crontab.split()
        if len(written) != 5:
            raise ValueError(
                f"crontab {crontab!r} has {len(written)} fields instead of 5: "
                "minute, hour, day of month, month, day of week"
            )
        minute, hour, day_of_month, month_of_year, day_of_week = written
        return cls(minute, hour, day_of_week, day_of_month, month_of_year)

    # -- fire times

    def next_fire(self, after: datetime) -> datetime | None:
        zone = self.tz
        wall = after.astimezone(zone)
        while True:
            wall = self.next_match(wall.replace(tzinfo=None)).replace(tzinfo=zone)
            fire = wall.astimezone(UTC)
            # Within the second time of an hour, matches of its first time are past.
            if fire > after:
                return fire

    def next_match(self, wall: datetime) -> datetime:
        """Return the first matching local time after a minute of local time, both naive.

        Raises:
            RuntimeError: There is none that a date can express.
        """
        if self._matches(wall.date()):
            later = bisect_right(self._times, time(wall.hour, wall.minute))
            if later < len(self._times):
                return datetime.combine(wall.date(), self._times[later])
        for day in self._days_after(wall.date()):
            if day.isoweekday() % 7 in self.day_of_week:
                return datetime.combine(day, self._times[0])
        raise RuntimeError(f"{self!r} does not match any time after {wall}")

    def _matches(self, day: date) -> bool:
        return (
            day.month in self.month_of_year
            and day.day in self.day_of_month
            and day.isoweekday() % 7 in self.day_of_week
        )

    def _days_after(self, last: date) -> Iterator[date]:
        """Yield the days after one whose month and day of month match."""
        days, months = sorted(self.day_of_month), sorted(self.month_of_year)
        for year in range(last.year, min(last.year + _YEARS, date.max.year + 1)):
            for month in months:
                if (year, month) < (last.year, last.month):
                    continue
                for number in days:
                    try:
                        day = date(year, month, number)
                    except ValueError:
                        break
                    if day > last:
                        yield day

    # -- as Celery

    def remaining_delta(
        self, last_run_at: datetime, tz: str | tzinfo | None = None, ffwd: Any = None
    ) -> tuple[datetime, timedelta, datetime]:
        """Return the last run and the present in the schedule's zone, and the time between runs.

        It stands between them, in local time: from the last run to the next one.

        `ffwd` is accepted as by Celery, without effect.
        """
        zone = ZoneInfo(tz) if isinstance(tz, str) else tz or self.tz
        last = self.maybe_make_aware(last_run_at).astimezone(zone)
        now = self.maybe_make_aware(self.now()).astimezone(zone)
        wall = last.replace(tzinfo=None)
        return last, self.next_match(wall) - wall, now

    def remaining_estimate(self, last_run_at: datetime, ffwd: Any = None) -> timedelta:
        last, delta, now = self.remaining_delta(last_run_at)
        # Within one zone, Python adds to the hands of the clock, and arrives at the first of two
        # equal local times.
        return (last + delta).astimezone(UTC) - now.astimezone(UTC)

    def is_due(self, last_run_at: datetime) -> tuple[bool, float]:
        """Return whether the run after `last_run_at` is due, and in how many seconds to look again.

        A run that is later than the setting `beat_cron_starting_deadline` is not due.
        """
        left = self.remaining_estimate(last_run_at).total_seconds()
        due = left <= 0
        if left < 0 and self._is_too_late():
            due = False
        elif left > 0:
            return schedstate(False, left)
        return schedstate(due, max(self.remaining_estimate(self.now()).total_seconds(), 0))

    def _is_too_late(self) -> bool:
        deadline = self.app.conf.beat_cron_starting_deadline
        if deadline is None:
            return False
        seconds = deadline.total_seconds() if isinstance(deadline, timedelta) else deadline
        now = self.maybe_make_aware(self.now())
        # A run exactly at the deadline is still in time.
        since = now.astimezone(UTC) - timedelta(seconds=seconds, microseconds=1)
        return self.remaining_estimate(since.astimezone(now.tzinfo)).total_seconds() > 0

    # -- as a value

    def __eq__(self, other: object) -> bool:
        if isinstance(other, crontab):
            return self._sets == other._sets and super().__eq__(other)
        return NotImplemented

    __hash__ = None

    @property
    def _sets(self) -> tuple[set[int], ...]:
        return (
            self.minute,
            self.hour,
            self.day_of_week,
            self.day_of_month,
            self.month_of_year,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        written = (
            self._orig_minute,
            self._orig_hour,
            self._orig_day_of_week,
            self._orig_day_of_month,
            self._orig_month_of_year,
        )
        return type(self), written, self._orig_kwargs

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__init__(**state)
        self._orig_kwargs = dict(state)

    def __repr__(self) -> str:
        return (
            f"<crontab: {self._orig_minute} {self._orig_hour} {self._orig_day_of_month} "
            f"{self._orig_month_of_year} {self._orig_day_of_week} (m/h/dM/MY/d)>"
        )


def _or_any(spec: Cronspec | None) -> Cronspec:
    return "*" if spec is None else spec
