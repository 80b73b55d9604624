"""What a scheduler does while it leads, in a time that only the test moves."""

from __future__ import annotations

import json
import logging
import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.engine.port.claims import Claim, Completion
from taskhub.exceptions import OperationalError
from taskhub.outcome import Outcome
from taskhub.schedules import crontab
from taskhub.schedules.entry import Entry
from taskhub.schedules.fire_messages import fire_id
from taskhub.schedules.lazy_arguments import BeatLazyFunc
from taskhub.schedules.leader import Held, Leader, NotLeading, Sent
from taskhub.schedules.zones import to_milliseconds
from tests.unit.schedules.conftest import BEGIN, Clock

LEASE = timedelta(seconds=6)
GRACE = timedelta(seconds=30)


class Stage:
    """One leader, and the entries of its app."""

    def __init__(self, app: Celery, clock: Clock, holder: str = "s1") -> None:
        self.app = app
        self.clock = clock
        self.leader = Leader(app, holder, LEASE, GRACE)
        self.entries: dict[str, Entry] = {}

    def load(self) -> None:
        """Lead, and read the entries."""
        assert self.leader.lead().token
        self.entries = self.leader.load()[1].entries

    def fire(self, name: str) -> list[Sent]:
        assert self.leader.lead().token
        return self.leader.fire(self.entries[name], self.clock.now)


@pytest.fixture
def stage(app: Celery, clock: Clock) -> Stage:
    return Stage(app, clock)


def claims(engine: MemoryEngine) -> list[Claim]:
    return engine.claim("w1", ["default"], 10_000).claims


def end(engine: MemoryEngine, claim: Claim) -> None:
    document = json.dumps({"status": "SUCCESS", "result": 1, "task_id": claim.task_id})
    engine.commit(
        "w1", [Completion(claim, Outcome(claim.task_id, "SUCCESS", document, None, (), None))]
    )


def test_a_new_entry_begins_to_fire_when_it_is_first_seen(
    app: Celery, engine: MemoryEngine, clock: Clock, stage: Stage
) -> None:
    app.conf.beat_schedule = {
        "every": {"task": "add", "schedule": 10, "args": (1,), "kwargs": {"y": 2}},
        "hourly": {"task": "add", "schedule": crontab(0), "args": (1,)},
    }
    stage.load()
    assert stage.fire("every") == stage.fire("hourly") == []
    assert stage.leader.next(stage.entries["every"]) == BEGIN + timedelta(seconds=10)
    clock.advance(10)
    (sent,) = stage.fire("every")
    assert (sent.fire, sent.fire_result) == (clock.now, "sent")
    assert stage.fire("every") == []
    clock.advance(20)
    assert [found.fire_result for found in stage.fire("every")] == ["sent", "sent"]
    (noon,) = stage.fire("hourly")

    assert noon.fire == BEGIN + timedelta(seconds=30)
    (message, *_) = (json.loads(claim.body) for claim in claims(engine))
    assert (message["args"], message["kwargs"]) == ([1], {"y": 2})
    headers = message["options"]["headers"]
    assert headers["periodic_entry"] == "every"
    assert headers["periodic_fire_time"] == sent.fire.isoformat()
    assert headers["celery_beat_task"] is True


def test_options_and_arguments_that_are_worked_out(
    app: Celery, engine: MemoryEngine, clock: Clock, stage: Stage
) -> None:
    numbers = iter(range(10))
    app.conf.beat_schedule = {
        "job": {
            "task": "elsewhere.unknown",
            "schedule": 1,
            "args": (BeatLazyFunc(lambda: next(numbers)),),
            "options": {"queue": "other", "priority": 9, "headers": {"mine": 1}},
        }
    }
    stage.load()
    stage.fire("job")
    clock.advance(2)
    stage.fire("job")

    found = engine.claim("w1", ["other"], 10).claims
    assert [json.loads(claim.body)["args"] for claim in found] == [[0], [1]]
    assert json.loads(found[0].body)["options"]["headers"]["mine"] == 1
    assert (
        "does not have: it is sent all the same" in stage.leader.unknown_tasks(stage.entries)["job"]
    )


def test_fires_of_a_paused_entry_pass(app: Celery, clock: Clock, stage: Stage) -> None:
    app.conf.beat_schedule = {"job": {"task": "add", "schedule": 10, "args": (1,)}}
    stage.load()
    stage.fire("job")
    app.schedule.pause("job", by="ann")
    stage.load()
    clock.advance(25)
    assert stage.fire("job") == []
    app.schedule.resume("job", by="ann")
    stage.load()
    assert stage.fire("job") == []
    clock.advance(10)
    assert len(stage.fire("job")) == 1


def test_downtime_is_made_up_for_as_the_entry_says_and_told(
    app: Celery, clock: Clock, stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    base: dict[str, Any] = {"task": "add", "schedule": 60, "args": (1,)}
    app.conf.beat_schedule = {
        missed: {**base, "missed": missed} for missed in ("once", "all", "skip")
    }
    stage.load()
    for name in stage.entries:
        stage.fire(name)
    clock.advance(600 + 45)
    with caplog.at_level(logging.WARNING):
        counts = {name: len(stage.fire(name)) for name in stage.entries}

    assert counts == {"once": 1, "all": 10, "skip": 0}
    assert "entry 'once' missed its fire times" in caplog.text
    assert "10 made up for" in caplog.text
    assert "none is made up for" in caplog.text
    clock.advance(15)
    assert {name: len(stage.fire(name)) for name in stage.entries} == dict.fromkeys(counts, 1)


def test_a_run_that_goes_on_is_not_overlapped(
    app: Celery, engine: MemoryEngine, clock: Clock, stage: Stage
) -> None:
    base: dict[str, Any] = {"task": "add", "schedule": 10, "args": (1,)}
    app.conf.beat_schedule = {
        name: {**base, "overlap": name} for name in ("allow", "skip", "queue")
    }
    stage.load()
    for name in stage.entries:
        stage.fire(name)
    clock.advance(10)
    first = {name: stage.fire(name)[0].fire_result for name in stage.entries}
    clock.advance(10)
    second = {name: stage.fire(name)[0].fire_result for name in stage.entries}

    assert first == dict.fromkeys(first, "sent")
    assert second == {"allow": "sent", "skip": "skipped", "queue": "queued"}
    for claim in claims(engine):
        end(engine, claim)
    stage.load()
    assert len(claims(engine)) == 1, "what waited behind"
    clock.advance(10)
    assert stage.fire("skip")[0].fire_result == "sent"


def test_a_call_that_cannot_be_made_is_kept(
    app: Celery, engine: MemoryEngine, clock: Clock, stage: Stage
) -> None:
    argument: list[Any] = [object()]
    app.conf.beat_schedule = {
        "job": {"task": "add", "schedule": 10, "args": (BeatLazyFunc(lambda: argument[0]),)},
        "wrong": {"task": "add", "schedule": 10, "args": (1, 2, 3)},
        "other": {"task": "add", "schedule": 10, "args": (1,)},
    }
    stage.load()
    for name in stage.entries:
        stage.fire(name)
    clock.advance(10)
    with pytest.raises(Held, match=r"^entry 'job' \(add\) cannot be sent and is kept: EncodeError"):
        stage.fire("job")
    with pytest.raises(Held, match=r"entry 'wrong' .* TypeError"):
        stage.fire("wrong")
    assert len(stage.fire("other")) == 1
    clock.advance(5)
    argument[0] = 7

    (sent,) = stage.fire("job")
    assert sent.fire == BEGIN + timedelta(seconds=10)


def test_what_the_application_brings_waits_for_its_task(
    app: Celery, clock: Clock, stage: Stage
) -> None:
    app.schedule.application = {"job": {"task": "later", "schedule": 10}}
    stage.load()
    stage.fire("job")
    clock.advance(10)
    with pytest.raises(Held, match="'later', which this app does not have: it is kept"):
        stage.fire("job")
    app.task(name="later")(lambda: None)

    assert len(stage.fire("job")) == 1


def test_a_store_that_is_away_loses_no_fire(
    app: Celery, engine: MemoryEngine, clock: Clock, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.conf.beat_schedule = {"job": {"task": "add", "schedule": 1, "args": (1,)}}
    stage.load()
    stage.fire("job")
    clock.advance(1)

    def away(*_: Any) -> Any:
        raise OperationalError("away")

    with monkeypatch.context() as patched:
        patched.setattr(engine.schedule_store("tests"), "fire", away)
        for _ in range(20):
            with pytest.raises(OperationalError):
                stage.fire("job")
            clock.advance(1)

    assert len(stage.fire("job")) == 21


def test_who_does_not_lead_sends_nothing(app: Celery, engine: MemoryEngine, clock: Clock) -> None:
    app.conf.beat_schedule = {"job": {"task": "add", "schedule": 1, "args": (1,)}}
    old, new = Stage(app, clock, "old"), Stage(app, clock, "new")
    old.load()
    old.fire("job")
    assert not new.leader.lead().token
    clock.advance(LEASE.total_seconds())
    new.load()
    with pytest.raises(NotLeading):
        old.leader.fire(old.entries["job"], clock.now)

    assert len(new.fire("job")) == 6
    assert len(claims(engine)) == 6


def test_who_resigns_is_followed_at_once(app: Celery, clock: Clock) -> None:
    first, second = Leader(app, "s1", LEASE, GRACE), Leader(app, "s2", LEASE, GRACE)
    assert first.lead().token
    assert second.lead().holder == "s1"
    first.resign()

    assert second.lead().token


@pytest.mark.parametrize("jump", [3600, -3603])
def test_a_clock_that_is_set_by_an_hour(
    app: Celery, engine: MemoryEngine, clock: Clock, stage: Stage, jump: int
) -> None:
    app.conf.beat_schedule = {
        "every": {"task": "add", "schedule": 10, "args": (1,)},
        "minutes": {"task": "add", "schedule": crontab("*/10"), "args": (2,)},
    }
    stage.load()
    for name in stage.entries:
        stage.fire(name)
    clock.advance(40)
    assert len(stage.fire("every")) == 4
    assert len(stage.fire("minutes")) == 1
    clock.advance(jump)
    stage.load()
    jumped = {name: stage.fire(name) for name in stage.entries}
    runs: dict[str, list[datetime]] = {"every": [], "minutes": []}
    for _ in range(2 * 360):
        clock.advance(10)
        for name, found in runs.items():
            found += [sent.fire for sent in stage.fire(name)]

    if jump > 0:
        # What lies in between was missed: once is made up for.
        assert {name: len(found) for name, found in jumped.items()} == {"every": 4, "minutes": 1}
        assert len(runs["minutes"]) == 12
    else:
        # Intervals count from now; no fire time of a crontab is run again.
        assert jumped == {"every": [], "minutes": []}
        assert runs["minutes"] == [
            BEGIN + timedelta(seconds=30, minutes=10 * number) for number in range(1, 7)
        ]
    assert len(runs["every"]) == 720
    ids = [claim.task_id for claim in claims(engine)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("seed", range(6))
def test_ten_minutes_of_fires_with_leaders_that_die_at_random(
    app: Celery, engine: MemoryEngine, clock: Clock, seed: int
) -> None:
    """Three schedulers; some die, some stand still for longer than their lease and go on. tests/acceptance kills
    real processes.
    """
    chance = random.Random(seed)
    app.conf.beat_schedule = {"every": {"task": "add", "schedule": 1, "args": (1,)}}
    made = iter(range(10_000))
    living = [Stage(app, clock, f"s{next(made)}") for _ in range(3)]
    frozen: dict[str, datetime] = {}
    deaths, leaderless, longest = 0, 0.0, 0.0
    until = BEGIN + timedelta(seconds=600, milliseconds=100)
    while clock.now < until:
        leading = False
        for place, stage in enumerate(living):
            name = str(id(stage))
            if frozen.get(name, clock.now) > clock.now:
                continue
            was_frozen = frozen.pop(name, None) is not None
            # One that stood still sends first, and only then finds out that another one leads.
            if not was_frozen and not stage.leader.lead().token:
                stage.entries = {}
                continue
            if not stage.entries:
                stage.entries = stage.leader.load()[1].entries
            try:
                stage.leader.fire(stage.entries["every"], clock.now)
            except NotLeading:
                assert was_frozen
                stage.entries = {}
                continue
            leading = True
            if chance.random() < 0.02:
                deaths += 1
                living[place] = Stage(app, clock, f"s{next(made)}")
            elif chance.random() < 0.01:
                frozen[name] = clock.now + timedelta(seconds=chance.uniform(1, 12))
        leaderless = 0.0 if leading else leaderless + 0.5
        longest = max(longest, leaderless)
        clock.advance(0.5)
    # Whoever comes last makes up for the rest.
    clock.advance(15)
    last = Stage(app, clock, "last")
    last.load()
    last.fire("every")

    assert deaths > 10
    assert longest <= 10
    expected = [
        fire_id(app, "every", to_milliseconds(BEGIN) + 1000 * second)
        for second in range(1, int((clock.now - BEGIN).total_seconds()) + 1)
    ]
    assert len(expected) > 600
    assert [claim.task_id for claim in claims(engine)] == expected
