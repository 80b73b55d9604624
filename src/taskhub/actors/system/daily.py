"""Daily report as a value: outcomes of tasks, slow ones, failures, freshness of data, stocks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import NamedTuple

from taskhub.actors.system.freshness import Fresh
from taskhub.actors.system.stocks import StockBars
from taskhub.statistics import Failure, Subject, Summary, failures, summarize, total

__all__ = ("DailyReport", "Day", "Failing", "Hour", "TaskDay", "day_of", "make_report", "yesterday")

#: So many of the slowest, and of those that fail most, are listed.
TOP = 8
#: So many kinds of errors of each.
ERRORS = 3


class Day(NamedTuple):
    """A day of a time zone; now and then it has 23 or 25 hours."""

    date: date
    begins: datetime
    ends: datetime

    @property
    def minutes(self) -> range:
        """Its minutes, counted from the epoch."""
        return range(_minute(self.begins), _minute(self.ends))


class TaskDay(NamedTuple):
    """What became of a task's executions from one queue."""

    task: str
    queue: str
    summary: Summary


class Failing(NamedTuple):
    """A task that failed, and with what."""

    task: str
    queue: str
    failed: int
    ended: int
    #: The most frequent first.
    errors: Sequence[Failure]

    @property
    def percent(self) -> float:
        """How many of its calls failed."""
        return 100 * self.failed / max(1, self.ended)


class Hour(NamedTuple):
    """What ended in one hour."""

    begins: datetime
    done: int
    failed: int
    retried: int


@dataclass(frozen=True, kw_only=True)
class DailyReport:
    """The report of a day.

    Args:
        day: Which.
        zone: Of which time zone, for people.
        total: All tasks together.
        tasks: Each task and queue, the busiest first.
        more: How many more tasks there were than `tasks` lists.
        others: Those together; None: there were no more.
        slowest: Those whose slowest runs took longest.
        failing: Those that failed most often.
        hours: What ended by the hour.
        fresh: How fresh market data is; empty: there is none.
        stocks: Those whose candles are shown.
        dead_letters: How many messages are given up at present.
        missing: Since when counts are kept, if that is after the day began; None: all of the
            day is there.
        remarks: What is missing, and why.
    """

    day: Day
    zone: str
    total: Summary
    tasks: tuple[TaskDay, ...]
    more: int = 0
    others: Summary | None = None
    slowest: tuple[TaskDay, ...] = ()
    failing: tuple[Failing, ...] = ()
    hours: tuple[Hour, ...] = ()
    fresh: tuple[Fresh, ...] = ()
    stocks: tuple[StockBars, ...] = ()
    dead_letters: int = 0
    missing: datetime | None = None
    remarks: tuple[str, ...] = ()

    @property
    def failure_percent(self) -> float:
        """How many of the calls that ended failed."""
        return 100 * self.total.failed / max(1, self.total.ended)


def yesterday(now: datetime, zone: tzinfo) -> date:
    """Return the day before, where it is `now` in a time zone."""
    return now.astimezone(zone).date() - timedelta(days=1)


def day_of(chosen: date, zone: tzinfo) -> Day:
    """Return a day of a time zone."""
    return Day(chosen, _midnight(chosen, zone), _midnight(chosen + timedelta(days=1), zone))


def make_report(
    day: Day,
    counts: Sequence[Mapping[str, int]],
    failed: Sequence[Mapping[str, str]],
    *,
    rows: int,
    kept_since: datetime | None = None,
    fresh: tuple[Fresh, ...] = (),
    stocks: tuple[StockBars, ...] = (),
    dead_letters: int = 0,
    remarks: tuple[str, ...] = (),
) -> DailyReport:
    """Return the report of a day.

    Args:
        day: Which.
        counts: What was counted in each of its minutes.
        failed: What tasks failed with in each of them.
        rows: So many tasks have a line of their own.
        kept_since: What was counted before is forgotten; None: nothing is.
        fresh, stocks, dead_letters, remarks: As in the report.
    """
    # Each field is looked at once: a day may have a million.
    by_hour = [summarize(counts[start : start + 60]) for start in range(0, len(counts), 60)]
    found = _together(by_hour)
    errors = failures(failed)
    missing = kept_since if kept_since is not None and kept_since > day.begins else None
    slow = sorted(
        (one for one in found if one.summary.run.count),
        key=lambda one: (-(one.summary.run.p95 or 0), -(one.summary.run.median or 0), one.task),
    )
    bad = sorted(
        (one for one in found if one.summary.failed),
        key=lambda one: (-one.summary.failed, one.task),
    )
    rest = [one.summary for one in found[rows:]]
    return DailyReport(
        day=day,
        zone=day.begins.tzname() or "",
        total=total(one.summary for one in found),
        tasks=tuple(found[:rows]),
        more=len(rest),
        others=total(rest) if rest else None,
        slowest=tuple(slow[:TOP]),
        failing=tuple(_failing(one, errors) for one in bad[:TOP]),
        hours=tuple(_hours(day, by_hour)),
        fresh=fresh,
        stocks=stocks,
        dead_letters=dead_letters,
        missing=missing,
        remarks=remarks,
    )


def _failing(one: TaskDay, errors: Mapping[Subject, list[Failure]]) -> Failing:
    summary, kinds = one.summary, errors.get(Subject(one.task, one.queue), [])
    return Failing(one.task, one.queue, summary.failed, summary.ended, kinds[:ERRORS])


def _together(by_hour: Sequence[Mapping[Subject, Summary]]) -> list[TaskDay]:
    """Return what became of each task over all hours, the busiest first."""
    parts: defaultdict[Subject, list[Summary]] = defaultdict(list)
    for hour in by_hour:
        for subject, summary in hour.items():
            parts[subject].append(summary)
    found = [TaskDay(*subject, total(summaries)) for subject, summaries in parts.items()]
    return sorted(found, key=lambda one: (-one.summary.ended, one.task, one.queue))


def _hours(day: Day, by_hour: Sequence[Mapping[Subject, Summary]]) -> list[Hour]:
    zone, found = day.begins.tzinfo, []
    for number, summaries in enumerate(by_hour):
        summary = total(summaries.values())
        # By real time: an hour that comes twice is counted twice.
        begins = (day.begins.astimezone(UTC) + timedelta(hours=number)).astimezone(zone)
        found.append(Hour(begins, summary.done, summary.failed, summary.retried))
    return found


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60
