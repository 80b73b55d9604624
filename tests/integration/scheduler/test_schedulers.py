"""Several real schedulers on a real store: each fire time is sent once, whatever becomes of them."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from taskhub import Celery
from taskhub.schedules.fire_messages import fire_id
from taskhub.schedules.zones import to_milliseconds
from tests.integration.scheduler import program
from tests.support.servers import Server, start_valkey
from tests.support.workers import until

TIMEOUT = 60.0
#: Twenty times as fast as life: fire times every 50 ms instead of every second, and a lease of 0.3
#: s instead of 6.
SPEED = 20
EVERY = 1 / SPEED
FIRES = 600
ENTRIES = {"every": {"task": "add", "schedule": EVERY, "args": [1]}}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with start_valkey(tmp_path) as running:
        yield running


@pytest.fixture
def app(server: Server) -> Iterator[Celery]:
    with program.make_app(server.url, ENTRIES) as made:
        yield made


@pytest.fixture
def schedulers() -> Iterator[list[BaseProcess]]:
    """The scheduler processes of a test."""
    started: list[BaseProcess] = []
    yield started
    program.stop(started)


def sent(app: Celery) -> int:
    """Return how many fire times were sent."""
    run = app.schedule.schedule_store.last_runs().get("every")
    return 0 if run is None else run.sent


def leader(app: Celery) -> str | None:
    found = app.schedule.schedule_store.leader()
    return None if found is None else found[0]


def assert_each_fire_is_there_once(app: Celery, least: int) -> None:
    """Look at all messages in the store: their fire times follow each other without a gap, none is there twice."""
    claims = app.engine.claim("w1", ["default"], 100_000).claims
    stamps = [
        datetime.fromisoformat(json.loads(claim.body)["options"]["headers"]["periodic_fire_time"])
        for claim in claims
    ]
    fires = [to_milliseconds(stamp) for stamp in stamps]
    assert len(fires) >= least
    assert {later - earlier for earlier, later in pairwise(fires)} == {1000 // SPEED}
    assert [claim.task_id for claim in claims] == [fire_id(app, "every", fire) for fire in fires]
    assert sent(app) == len(fires)


@pytest.mark.timeout(240)
def test_ten_minutes_with_three_schedulers_whose_leaders_are_killed(
    app: Celery, server: Server, tmp_path: Path, schedulers: list[BaseProcess]
) -> None:
    chance = random.Random(5)
    kills = freezes = 0

    def start() -> None:
        schedulers.append(program.start(server.url, ENTRIES, tmp_path, lease=6 / SPEED))

    for _ in range(3):
        start()
    deadline = time.monotonic() + 2 * TIMEOUT
    # On a machine that is busy it takes a little longer.
    while sent(app) < FIRES or kills < 10 or freezes < 3:
        assert time.monotonic() < deadline, program.log_of(tmp_path).read_text()[-3000:]
        time.sleep(chance.uniform(0.2, 1.2))
        holder = leader(app)
        if holder is None:
            continue
        pid = program.pid_of(holder)
        if not Path(f"/proc/{pid}").exists():
            # The one that was killed last still has its lease.
            continue
        if chance.random() < 0.7:
            os.kill(pid, signal.SIGKILL)
            kills += 1
            start()
        else:
            # It stands still for longer than its lease, and goes on as if nothing had happened.
            os.kill(pid, signal.SIGSTOP)
            time.sleep(chance.uniform(0.1, 0.8))
            os.kill(pid, signal.SIGCONT)
            freezes += 1
    for process in schedulers:
        process.terminate()
    for process in schedulers:
        process.join(TIMEOUT)

    assert program.log_of(tmp_path).read_text().count(" leads, with 1 entry") > kills
    assert_each_fire_is_there_once(app, FIRES)


def test_another_one_takes_over_within_ten_seconds_of_a_death_and_at_once_on_a_stop(
    app: Celery, server: Server, tmp_path: Path, schedulers: list[BaseProcess]
) -> None:
    schedulers += [program.start(server.url, ENTRIES, tmp_path) for _ in range(3)]
    first = until(lambda: leader(app), "one to lead", TIMEOUT)
    until(lambda: sent(app) > 3, "it to send", TIMEOUT)
    os.kill(program.pid_of(first), signal.SIGKILL)
    # With the lease of every day, 6 s.
    second = until(lambda: (found := leader(app)) != first and found, "another leader", 10.0)
    until(lambda: sent(app) > 130, "what was due meanwhile", TIMEOUT)
    os.kill(program.pid_of(second), signal.SIGTERM)
    third = until(lambda: (found := leader(app)) not in (None, second) and found, "a third", 5.0)
    os.kill(program.pid_of(third), signal.SIGTERM)
    until(lambda: leader(app) is None, "the last one to stop", TIMEOUT)

    assert_each_fire_is_there_once(app, 130)


def test_a_store_that_is_away_when_fires_are_due(
    app: Celery, server: Server, tmp_path: Path, schedulers: list[BaseProcess]
) -> None:
    schedulers += [program.start(server.url, ENTRIES, tmp_path) for _ in range(2)]
    until(lambda: sent(app) > 10, "fires", TIMEOUT)
    before = sent(app)
    server.stop()
    # A minute, twenty times as fast.
    time.sleep(60 / SPEED)
    server.start()
    until(lambda: sent(app) > before + 60 + 20, "the fire times of that time", TIMEOUT)
    log = program.log_of(tmp_path)
    until(lambda: "the store is back" in log.read_text(), "that to be told", TIMEOUT)
    for process in schedulers:
        process.terminate()
    for process in schedulers:
        process.join(TIMEOUT)
        assert process.exitcode == 0

    told = log.read_text().count("trying again, fire times are made up for")
    assert 1 <= told <= 2, "once for each scheduler"
    assert_each_fire_is_there_once(app, before + 80)
