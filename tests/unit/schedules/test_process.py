"""The scheduler process, on a store in memory whose clock can be set."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from taskhub import signals
from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.schedule_store import Fire, FireResult
from taskhub.exceptions import OperationalError
from taskhub.schedules import crontab, schedule
from taskhub_scheduler import Scheduler
from tests.support.workers import until as wait_until

#: How long to wait for what should happen soon, seconds.
TIMEOUT = 30.0


def until(holds: Callable[[], Any], what: str) -> Any:
    return wait_until(holds, what, TIMEOUT)


class RunningClock:
    """A store's clock that runs, and can be set."""

    def __init__(self) -> None:
        self.shift = 0.0

    def __call__(self) -> int:
        return round((time.time() + self.shift) * 1000)


@pytest.fixture
def clock() -> RunningClock:
    return RunningClock()


@pytest.fixture
def engine(clock: RunningClock) -> MemoryEngine:
    return MemoryEngine(EngineRules(), clock=clock)


@pytest.fixture
def start(app: Celery) -> Iterator[Callable[..., Scheduler]]:
    """Return what starts a scheduler in a thread."""
    running: list[tuple[Scheduler, threading.Thread]] = []

    def begin(**options: Any) -> Scheduler:
        made = Scheduler(app, **options)
        thread = threading.Thread(target=made.run)
        running.append((made, thread))
        thread.start()
        return made

    yield begin
    for made, thread in running:
        made.stop()
        thread.join()


def sent(app: Celery, name: str) -> int:
    run = app.schedule.schedule_store.last_runs().get(name)
    return 0 if run is None else run.sent


def test_changes_take_effect_while_it_runs(app: Celery, start: Callable[..., Scheduler]) -> None:
    leading = start()
    until(lambda: leading.leads, "it to lead")
    app.schedule.add("job", "add", 0.05, args=[1])
    until(lambda: sent(app, "job") > 2, "the new entry to run")
    app.schedule.change("job", schedule={"every": 3600})
    until(lambda: app.schedule.status("job")[0].entry.schedule == schedule(3600), "the change")
    app.schedule.change("job", schedule=0.05)
    before = sent(app, "job")
    until(lambda: sent(app, "job") > before + 2, "it to run again")
    app.schedule.pause("job")
    (status,) = app.schedule.status("job")
    until(lambda: app.schedule.status("job")[0].last_fire > status.last_fire, "fires to pass")
    paused = sent(app, "job")
    last = app.schedule.status("job")[0].last_fire
    until(lambda: app.schedule.status("job")[0].last_fire > last, "more of them")
    assert sent(app, "job") == paused
    app.schedule.resume("job")
    until(lambda: sent(app, "job") > paused, "it to go on")
    app.schedule.remove("job")
    assert app.schedule.entries() == {}


def test_another_one_leads_when_it_stops(app: Celery, start: Callable[..., Scheduler]) -> None:
    first = start(lease=timedelta(hours=1))
    until(lambda: first.leads, "the first one to lead")
    second = start(lease=timedelta(hours=1))
    leader = app.schedule.schedule_store.leader()
    assert leader is not None
    assert leader[0] == first.name
    first.stop()

    until(lambda: second.leads, "the second one to lead, long before the lease is over")


def test_receivers_hear_of_it(start: Callable[..., Scheduler]) -> None:
    heard: list[tuple[str, Any]] = []

    def on_init(sender: Any, **_: Any) -> None:
        heard.append(("beat_init", sender))

    def on_embedded(sender: Any, **_: Any) -> None:
        heard.append(("beat_embedded_init", sender))

    signals.beat_init.connect(on_init)
    signals.beat_embedded_init.connect(on_embedded)
    try:
        plain = start()
        until(lambda: len(heard) == 1, "beat_init")
        embedded = start(embedded=True)
        until(lambda: len(heard) == 3, "both")
    finally:
        signals.beat_init.disconnect(on_init)
        signals.beat_embedded_init.disconnect(on_embedded)

    assert heard == [
        ("beat_init", plain),
        ("beat_init", embedded),
        ("beat_embedded_init", embedded),
    ]


@pytest.mark.parametrize("jump", [3600.0, -3600.4])
def test_a_clock_that_is_set_is_noticed(
    app: Celery,
    clock: RunningClock,
    start: Callable[..., Scheduler],
    jump: float,
    caplog: pytest.LogCaptureFixture,
) -> None:
    app.conf.beat_schedule = {
        "every": {"task": "add", "schedule": 0.5, "args": (1,)},
        "hourly": {"task": "add", "schedule": crontab(0), "args": (1,)},
    }
    start()
    until(lambda: sent(app, "every") >= 2, "it to run")
    with caplog.at_level(logging.WARNING):
        clock.shift += jump
        until(lambda: "a clock was set by" in caplog.text, "it to be noticed")
    before = sent(app, "every")
    until(lambda: sent(app, "every") > before + 2, "it to go on")

    if jump > 0:
        until(lambda: sent(app, "hourly") == 1, "the fire time that was passed over")
    else:
        assert sent(app, "hourly") <= 1, "at most that of an hour that has just begun"


def test_what_fails_does_not_hold_up_the_others(
    app: Celery, start: Callable[..., Scheduler], caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(schedule):
        def is_due(self, last_run_at: Any) -> Any:
            raise RuntimeError("no idea")

    app.conf.beat_schedule = {
        "good": {"task": "add", "schedule": 0.05, "args": (1,)},
        "negative": {"task": "add", "schedule": -1},
        "range": {"task": "add", "schedule": "0 25 * * *"},
        "unknown": {"task": "nowhere", "schedule": 0.05},
        "argument": {"task": "add", "schedule": 0.05, "args": (object(),)},
        "broken": {"task": "add", "schedule": Broken(0.05)},
    }
    with caplog.at_level(logging.INFO):
        start()
        until(lambda: sent(app, "good") > 20, "the good one to run")
        until(lambda: "'broken' fails" in caplog.text, "the broken one to be named")

    assert sent(app, "unknown") > 0
    assert sent(app, "argument") == sent(app, "broken") == 0
    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    for beginning in (
        "entry 'negative': the interval -1 s is too short",
        "entry 'range': crontab hour 25 is out of range: 0 to 23",
        "entry 'unknown' calls the task 'nowhere', which this app does not have",
        "entry 'argument' (add) cannot be sent and is kept: EncodeError",
        "entry 'broken' fails: RuntimeError: no idea",
    ):
        assert sum(line.startswith(beginning) for line in lines) == 1, beginning
    assert not any("\n" in line for line in lines)


def test_a_store_that_is_away_is_told_of_once(
    app: Celery,
    engine: MemoryEngine,
    start: Callable[..., Scheduler],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def away(*_: Any) -> Any:
        raise OperationalError("redis://:secret@there:6379/0 is out of reach")

    app.conf.beat_schedule = {"job": {"task": "add", "schedule": 0.1, "args": (1,)}}
    with caplog.at_level(logging.INFO):
        start(lease=timedelta(seconds=2))
        until(lambda: sent(app, "job") > 2, "it to run")
        with monkeypatch.context() as patched:
            patched.setattr(engine.schedule_store("tests"), "fire", away)
            patched.setattr(engine.schedule_store("tests"), "lead", away)
            until(lambda: "out of reach" in caplog.text, "it to be told")
            time.sleep(1)
        before = sent(app, "job")
        until(lambda: sent(app, "job") > before + 8, "what was missed, too")
        until(lambda: "the store is back" in caplog.text, "that to be told")

    assert caplog.text.count("is out of reach; trying again") == 1
    assert "secret" not in caplog.text
    fires = [
        datetime.fromisoformat(json.loads(claim.body)["options"]["headers"]["periodic_fire_time"])
        for claim in engine.claim("w1", ["default"], 1000).claims
    ]
    assert {after - before for before, after in pairwise(fires)} == {timedelta(seconds=0.1)}


def test_it_ends_after_what_is_being_sent(
    app: Celery,
    engine: MemoryEngine,
    start: Callable[..., Scheduler],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app.conf.beat_schedule = {"job": {"task": "add", "schedule": 0.05, "args": (1,)}}
    schedule_store = engine.schedule_store("tests")
    send, begun = schedule_store.fire, threading.Event()

    def slowly(token: int, fire: Fire) -> FireResult:
        if fire.messages:
            begun.set()
            # It is asked to end meanwhile.
            time.sleep(0.5)
        return send(token, fire)

    monkeypatch.setattr(schedule_store, "fire", slowly)
    made = start()
    assert begun.wait(TIMEOUT)
    made.stop()
    until(lambda: not schedule_store.leader(), "it to end")

    assert sent(app, "job") == 1
