"""Which fire times are run: on time, a little late, missed; once, all, or none of them; not later than a limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskhub.app.app import Celery
from taskhub.schedules import schedule
from taskhub.schedules.due_fires import Due, due, next_fire
from taskhub.schedules.entry import Entry, read_entry

GRACE = timedelta(seconds=30)


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 5, 2, hour, minute, second, tzinfo=UTC)


def entry(app: Celery, when: Any = "*/10 * * * *", **fields: Any) -> Entry:
    return read_entry("job", {"task": "add", "schedule": when, **fields}, app)


def ran(found: Due) -> list[str]:
    return [f"{fire:%H:%M:%S}" for fire in found.run]


def test_nothing_is_due_before_the_next_fire(app: Celery) -> None:
    assert due(entry(app), at(8), at(8, 9, 59), GRACE) == Due()
    assert due(entry(app), at(8), at(7), GRACE) == Due(), "the clock was put back"


def test_a_fire_is_due_at_its_instant_and_a_little_later(app: Celery) -> None:
    for now in (at(8, 10), at(8, 10, 30)):
        assert due(entry(app), at(8), now, GRACE) == Due((at(8, 10),), None, at(8, 10))


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("once", ["08:40:00"]),
        ("skip", []),
        ("all", ["08:10:00", "08:20:00", "08:30:00", "08:40:00"]),
    ],
)
def test_missed_fires(app: Celery, missed: str, expected: list[str]) -> None:
    found = due(entry(app, missed=missed), at(8), at(8, 45), GRACE)

    assert ran(found) == expected
    assert (found.missed, found.last) == (at(8, 40), at(8, 40))


@pytest.mark.parametrize(
    ("missed", "expected"),
    [("once", ["08:30:00"]), ("skip", ["08:30:00"]), ("all", ["08:10:00", "08:20:00", "08:30:00"])],
)
def test_a_fire_that_is_only_late_stands_for_those_missed_before_it(
    app: Celery, missed: str, expected: list[str]
) -> None:
    found = due(entry(app, missed=missed), at(8), at(8, 30, 5), GRACE)

    assert ran(found) == expected
    assert (found.missed, found.last) == (at(8, 20), at(8, 30))


@pytest.mark.parametrize(
    ("missed", "limit", "expected"),
    [
        ("once", 300, ["08:40:00"]),
        ("once", 299, []),
        ("all", 900, ["08:30:00", "08:40:00"]),
        ("all", 899, ["08:40:00"]),
        ("all", 0, []),
    ],
)
def test_a_limit_on_how_late(app: Celery, missed: str, limit: int, expected: list[str]) -> None:
    found = due(entry(app, missed=missed, missed_limit=limit), at(8), at(8, 45), GRACE)

    assert ran(found) == expected
    assert found.last == at(8, 40), "all of them are dealt with"


def test_a_limit_shorter_than_the_grace_counts_for_late_fires_too(app: Celery) -> None:
    found = due(entry(app, missed_limit=5), at(8), at(8, 10, 6), GRACE)

    assert found == Due((), None, at(8, 10))


def test_the_limit_of_crontabs_may_be_a_setting(app: Celery) -> None:
    app.conf.beat_cron_starting_deadline = 60
    assert entry(app).missed_limit == timedelta(seconds=60)
    assert entry(app, missed_limit=90).missed_limit == timedelta(seconds=90)
    assert entry(app, 10.0).missed_limit is None


def test_every_fire_of_a_short_interval_within_the_grace_is_run(app: Celery) -> None:
    found = due(entry(app, 1.0), at(8), at(8, 0, 10), GRACE)

    assert ran(found) == [f"08:00:{second:02}" for second in range(1, 11)]
    assert found.missed is None


def test_intervals_keep_their_beat_after_fires_were_missed(app: Celery) -> None:
    found = due(entry(app, 7.0), at(8), at(9), timedelta(seconds=1))

    assert ran(found) == ["08:59:58"]
    assert next_fire(entry(app, 7.0).schedule, at(8, 59, 58)) == at(9, 0, 5)


def test_many_missed_fires_are_made_up_for_in_portions(app: Celery) -> None:
    every = entry(app, 1.0, missed="all")
    last, found = at(8), []
    while (now := due(every, last, at(9), GRACE, most=700)).last is not None:
        found += now.run
        last = now.last
        assert len(now.run) <= 1400

    assert found == [at(8) + timedelta(seconds=second) for second in range(1, 3601)]


def test_years_of_missed_fires_cost_nothing(app: Celery) -> None:
    found = due(entry(app, "* * * * *"), at(8) - timedelta(days=3650), at(8), GRACE)

    assert ran(found) == ["08:00:00"]
    found = due(entry(app, 0.001), at(8) - timedelta(days=3650), at(8), timedelta(0))
    assert len(found.run) == 1


def test_a_schedule_of_the_users_own_is_asked_about_the_present(app: Celery) -> None:
    class Whenever(schedule):
        answer: tuple[bool, float] = (False, 5.0)

        def is_due(self, last_run_at: datetime) -> tuple[bool, float]:
            return self.answer

    made = Whenever(10)
    job = entry(app, made)
    assert due(job, at(8), at(9), GRACE) == Due()
    made.answer = True, 5.0
    assert due(job, at(8), at(9), GRACE) == Due((at(9),), None, at(9))
    assert due(job, at(9), at(9), GRACE) == Due(), "not twice at one instant"
