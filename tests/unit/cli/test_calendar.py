"""The calendar of periodic jobs as a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from taskhub.cli.schedule_text import MOST_LINES, calendar_rows
from taskhub.schedules import schedule
from taskhub.schedules.entry import Entry

BEGIN = datetime(2026, 5, 2, 12, tzinfo=UTC)


def entry(name: str) -> Entry:
    return Entry(name=name, task="add", schedule=schedule(60))


def test_what_runs_often_takes_one_line() -> None:
    often, rare = entry("often"), entry("rare")
    runs = [(BEGIN + timedelta(minutes=number), often) for number in range(MOST_LINES + 1)]
    runs[2:2] = [(BEGIN + timedelta(seconds=90), rare)]

    assert calendar_rows(runs) == [
        ("Sat 2026-05-02 12:00:00 UTC", "often", "and 24 times more until Sat 12:24:00"),
        ("Sat 2026-05-02 12:01:30 UTC", "rare", ""),
    ]
    assert len(calendar_rows(runs[:20])) == 20
