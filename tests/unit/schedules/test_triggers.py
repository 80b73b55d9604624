"""Schedules as triggers of APScheduler: they find the fire times that the schedule itself finds."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.interval import IntervalTrigger

from taskhub.app.app import Celery
from taskhub.schedules import crontab, schedule, solar
from taskhub.schedules.entry import read_entry
from taskhub.schedules.zones import LocalZone
from taskhub_scheduler.clock import StoreClock
from taskhub_scheduler.triggers import (
    PAUSE,
    CrontabTrigger,
    EntryTrigger,
    ScheduleTrigger,
    trigger_for,
)
from tests.parity.schedules import generated

NOON = datetime(2026, 5, 2, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def first(trigger: Any, now: datetime, previous: datetime | None = None) -> datetime:
    found: datetime = trigger.get_next_fire_time(previous, now)
    return found.astimezone(UTC)


@pytest.mark.parametrize("zone", generated.ZONES)
def test_crontabs_find_the_fires_of_the_schedule(app: Celery, zone: str) -> None:
    """Tens of thousands of pairs over all zones: both changes, leap days, ends of years."""
    chance = random.Random(zone)
    changes = generated.changes(zone)
    app.conf.timezone = zone
    pairs = 0
    for _ in range(160):
        try:
            made = crontab(**generated.crontab(chance), app=app)
        except ValueError:
            # Days that never occur.
            continue
        trigger = CrontabTrigger(made)
        for _ in range(20):
            now = generated.instant(chance, zone, changes)
            expected = made.next_fire(now - timedelta(microseconds=1))
            assert expected is not None
            if expected > now + timedelta(days=1500) and chance.random() < 0.8:
                # APScheduler looks at every day until then.
                continue
            assert first(trigger, now) == expected, (made, now)
            pairs += 1
    assert pairs > 2_000


def test_crontabs_on_the_nights_when_clocks_change(app: Celery) -> None:
    """What docs/scheduling.md says about a job at 02:30."""
    app.conf.timezone = "Europe/Berlin"
    berlin = ZoneInfo("Europe/Berlin")
    daily = crontab(30, 2, app=app)
    last = datetime(2026, 1, 1, tzinfo=UTC)
    for trigger in (CrontabTrigger(daily), ScheduleTrigger(daily, lambda: last)):
        spring = first(trigger, datetime(2026, 3, 29, tzinfo=UTC))
        assert f"{spring.astimezone(berlin):%H:%M %Z}" == "03:30 CEST"
        autumn = first(trigger, datetime(2026, 10, 24, 23, tzinfo=UTC))
        assert f"{autumn.astimezone(berlin):%H:%M %Z}" == "02:30 CEST"
        after = first(trigger, autumn + MILLISECOND)
        assert f"{after.astimezone(berlin):%d %H:%M %Z}" == "26 02:30 CET"


def test_crontabs_in_the_time_of_the_machine(app: Celery) -> None:
    made = crontab(7, app=app)
    app.conf.enable_utc = False
    assert isinstance(app.timezone, LocalZone)

    assert first(CrontabTrigger(made), NOON) == NOON + timedelta(minutes=7)


def test_intervals_keep_their_beat(app: Celery) -> None:
    made = schedule(7, app=app)
    trigger = trigger_for(made, lambda: NOON)
    assert isinstance(trigger, IntervalTrigger)

    assert first(trigger, NOON + timedelta(seconds=15)) == NOON + timedelta(seconds=21)
    assert first(trigger, NOON + timedelta(days=30, seconds=1)) == made.next_fire(
        NOON + (timedelta(days=30) // timedelta(seconds=7)) * timedelta(seconds=7)
    )


def test_other_schedules_are_asked_themselves(app: Celery) -> None:
    relative = schedule(3600, relative=True, app=app)
    last = NOON + timedelta(minutes=10)
    trigger = trigger_for(relative, lambda: last)
    assert isinstance(trigger, ScheduleTrigger)
    assert first(trigger, last + MILLISECOND) == NOON + timedelta(hours=1)
    assert first(trigger, last + timedelta(hours=5)) == NOON + timedelta(hours=6)

    class Odd(crontab):
        def next_fire(self, after: datetime) -> datetime | None:
            return after + timedelta(seconds=3)

    assert isinstance(trigger_for(Odd(app=app), lambda: last), ScheduleTrigger)


def test_the_sun(app: Celery) -> None:
    pytest.importorskip("ephem")
    made = solar("sunset", 48.1, 11.6, app=app)
    trigger = trigger_for(made, lambda: NOON)
    found = first(trigger, NOON)

    assert found == made.next_fire(NOON)
    assert first(trigger, found) == found
    assert timedelta(hours=23) < first(trigger, found + MILLISECOND) - found < timedelta(hours=25)


def test_a_schedule_of_the_users_own_is_asked_again_while_it_is_due(app: Celery) -> None:
    class Own(schedule):
        due = False

        def is_due(self, last_run_at: datetime) -> tuple[bool, float]:
            return self.due, 40.0

    made = Own(10, nowfun=lambda: NOON, app=app)
    trigger = trigger_for(made, lambda: NOON - timedelta(seconds=5))
    assert first(trigger, NOON) == NOON + timedelta(seconds=40)
    made.due = True
    assert first(trigger, NOON) == NOON + timedelta(seconds=1)


def entry_trigger(app: Celery, when: Any, wall: float) -> EntryTrigger:
    """Return the trigger of an entry, on a host whose clock is at `wall` while the store's is at noon."""
    clock = StoreClock(lambda: 100.0, lambda: wall)
    clock.set(round(NOON.timestamp() * 1000), 100.0)
    entry = read_entry("job", {"task": "add", "schedule": when}, app)
    return EntryTrigger(entry, clock, lambda _: NOON)


def test_a_host_whose_clock_is_wrong_waits_as_long_as_the_others(app: Celery) -> None:
    host = NOON - timedelta(hours=2)
    trigger = entry_trigger(app, "*/10 * * * *", host.timestamp())

    found = first(trigger, host + timedelta(minutes=3))
    assert found == host + timedelta(minutes=10)
    assert first(trigger, found, found) == host + timedelta(minutes=20), "not the same one again"


def test_a_nowfun_moves_the_fires(app: Celery) -> None:
    made = crontab("*/10", nowfun=lambda: NOON - timedelta(minutes=4))

    assert first(entry_trigger(app, made, NOON.timestamp()), NOON) == NOON + timedelta(minutes=4)


def test_a_schedule_that_fails_is_looked_at_again(app: Celery) -> None:
    class Broken(schedule):
        def is_due(self, last_run_at: datetime) -> tuple[bool, float]:
            raise RuntimeError

    def no_time() -> datetime:
        raise RuntimeError

    for made in (Broken(1), schedule(1, nowfun=no_time), crontab(nowfun=no_time)):
        assert first(entry_trigger(app, made, NOON.timestamp()), NOON) == NOON + PAUSE
