"""Messages that wait for their time."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import Delayed, QueueCounts
from tests.contract.stage import Clock, claim_all, ids, message


def test_a_delay_counts_from_the_moment_of_storing(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id", delay=1500)])

    batch = engine.claim("w1", ["default"], 9)
    assert (batch.claims, batch.next_due) == ([], 1500)
    clock.advance(1499)
    batch = engine.claim("w1", ["default"], 9)
    assert (batch.claims, batch.next_due) == ([], 1)
    clock.advance(1)
    batch = engine.claim("w1", ["default"], 9)
    assert (ids(batch.claims), batch.next_due) == (["id"], None)


def test_an_eta_is_a_point_in_time(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("late", eta=clock.now + 2000), message("past", eta=clock.now - 2000)])

    assert ids(claim_all(engine)) == ["past"]
    clock.advance(2000)
    assert ids(claim_all(engine)) == ["late"]


def test_any_delay_can_be_waited_for(engine: Engine, clock: Clock) -> None:
    ten_years = 10 * 365 * 24 * 60 * 60 * 1000
    engine.enqueue([message("id", delay=ten_years)])

    assert engine.claim("w1", ["default"], 9).next_due == ten_years
    clock.advance(ten_years)
    assert ids(claim_all(engine)) == ["id"]


def test_what_is_due_is_moved_by_any_worker(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id", "a", delay=10)])
    clock.advance(10)

    assert engine.claim("w1", ["b"], 9).claims == []

    assert engine.queues()["a"] == QueueCounts(1, 0)


def test_next_due_looks_at_every_queue(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("far", "a", delay=900), message("near", "b", delay=300)])

    assert engine.claim("w1", ["a"], 9).next_due == 300


def test_what_becomes_due_is_as_old_as_its_time(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("second", delay=20), message("first", delay=10), message("ready")])
    clock.advance(30)

    assert ids(claim_all(engine)) == ["ready", "first", "second"]


def test_priority_comes_before_the_time(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("low", delay=10, priority=1), message("high", delay=20, priority=8)])
    clock.advance(30)

    assert ids(claim_all(engine)) == ["high", "low"]


def test_many_due_at_once_all_come(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(f"id{number}", delay=10) for number in range(1100)])
    clock.advance(10)

    found: list[str] = []
    for _ in range(4):
        batch = engine.claim("w1", ["default"], 2000)
        found += ids(batch.claims)
        if batch.next_due is None:
            break

    assert sorted(found) == sorted(f"id{number}" for number in range(1100))


def test_the_delayed_can_be_seen(engine: Engine, clock: Clock) -> None:
    now = clock.now
    messages = [message(name, delay=delay) for name, delay in (("c", 30), ("a", 10), ("b", 20))]
    engine.enqueue([*messages, message("now")])

    assert engine.delayed(0, 2) == [
        Delayed(now + 10, message("a")),
        Delayed(now + 20, message("b")),
    ]
    assert engine.delayed(2, 2) == [Delayed(now + 30, message("c"))]
    assert engine.queues() == {"default": QueueCounts(1, 3)}


def test_those_of_one_moment_have_one_order(engine: Engine, clock: Clock) -> None:
    engine.enqueue(
        [
            message("z", "b", delay=10),
            message("a", "b", delay=10),
            message("m", "a", delay=10, priority=7),
            message("n", "a", delay=10, priority=3),
        ]
    )

    assert ids(delayed.envelope for delayed in engine.delayed(0, 9)) == ["n", "m", "a", "z"]
