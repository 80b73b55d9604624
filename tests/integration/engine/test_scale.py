"""What a task costs the server does not depend on how many others wait.

Measured by the server's own count of the time of its scripts, not by a clock on the wall.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from taskhub.config.urls import parse_store_url
from taskhub.engine.port.inspection import QueueCounts
from taskhub.engine.redis.engine import RedisEngine
from tests.contract.stage import Clock, completion, ids, message
from tests.support.servers import start_valkey

FEW, MANY = 1_000, 200_000
DELAYED = 100_000
YEAR = 365 * 24 * 60 * 60 * 1000


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[redis.Redis]:
    """A client of a server without an append-only file, whose rewriting would be measured, too."""
    with (
        start_valkey(tmp_path, args=("--appendonly", "no")) as server,
        redis.Redis(unix_socket_path=str(server.socket)) as client,
    ):
        yield client


@pytest.fixture
def engine(store: redis.Redis, clock: Clock) -> Iterator[RedisEngine]:
    path = store.connection_pool.connection_kwargs["path"]
    engine = RedisEngine(parse_store_url(f"unix://{path}?db=0"), clock=clock)
    yield engine
    engine.close()


def script_time(store: redis.Redis) -> float:
    """Return the mean time of a script since the statistics were reset, microseconds."""
    return float(store.info("commandstats")["cmdstat_evalsha"]["usec_per_call"])


def work_off(engine: RedisEngine, store: redis.Redis, queues: list[str]) -> float:
    """Return the best of some means of the script time of claiming and committing."""
    means = []
    for _ in range(5):
        store.config_resetstat()
        for _ in range(60):
            claims = engine.claim("w1", queues, 2).claims
            assert len(claims) == 2
            engine.commit("w1", [completion(claim) for claim in claims])
        means.append(script_time(store))
    return min(means)


def fill(engine: RedisEngine, start: int, end: int) -> None:
    for first in range(start, end, 10_000):
        engine.enqueue(
            [
                message(f"id{number}", "ab"[number % 2], priority=number % 10)
                for number in range(first, min(end, first + 10_000))
            ]
        )


def test_a_task_costs_the_same_however_many_wait(engine: RedisEngine, store: redis.Redis) -> None:
    fill(engine, 0, 4 * FEW)
    one_of_few = work_off(engine, store, ["a"])
    two_of_few = work_off(engine, store, ["a", "b"])
    fill(engine, 4 * FEW, MANY)
    one_of_many = work_off(engine, store, ["a"])
    two_of_many = work_off(engine, store, ["a", "b"])

    # A sorted set of a hundred times the size is searched in about twice the steps.
    assert one_of_many < 3 * one_of_few + 10
    assert two_of_many < 3 * two_of_few + 10


def test_one_that_is_due_is_found_among_many_that_are_not(
    engine: RedisEngine, store: redis.Redis, clock: Clock
) -> None:
    for first in range(0, DELAYED, 10_000):
        engine.enqueue(
            [message(f"id{number}", delay=YEAR + number) for number in range(first, first + 10_000)]
        )
    times = []
    for number in range(20):
        engine.enqueue([message(f"due{number}", delay=5)])
        clock.advance(5)
        store.config_resetstat()
        batch = engine.claim("w1", ["default"], 10)
        times.append(script_time(store))
        assert ids(batch.claims) == [f"due{number}"]
        assert batch.next_due is not None
        assert batch.next_due > YEAR - 1000

    assert min(times) < 1_000


def test_many_due_at_once_are_moved_in_portions(engine: RedisEngine, clock: Clock) -> None:
    """So that no script holds the server up for long."""
    engine.enqueue([message(f"id{number}", delay=5) for number in range(3_000)])
    clock.advance(5)

    batch = engine.claim("w1", ["default"], 1)

    assert batch.next_due == 0
    assert engine.queues()["default"] == QueueCounts(ready=499, delayed=2_500)


def test_many_are_purged_in_portions(engine: RedisEngine, store: redis.Redis) -> None:
    engine.enqueue([message(f"r{number}") for number in range(5_000)])
    engine.enqueue([message(f"d{number}", delay=5 + number) for number in range(5_000)])
    store.config_resetstat()

    assert engine.purge("default") == 10_000

    assert store.info("commandstats")["cmdstat_evalsha"]["calls"] >= 9
