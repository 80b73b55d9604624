"""Dropping what waits."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import QueueCounts
from tests.contract.stage import Clock, claim_all, claim_one, completion, ids, message


def test_ready_and_delayed_messages_are_dropped(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b", delay=10), message("c", "other", delay=10)])

    assert engine.purge("default") == 2

    assert engine.queues() == {"default": QueueCounts(0, 0), "other": QueueCounts(0, 1)}
    assert engine.purge("default") == 0


def test_delayed_messages_can_be_kept(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("a"), message("b", delay=10)])

    assert engine.purge("default", delayed=False) == 1

    clock.advance(10)
    assert ids(claim_all(engine)) == ["b"]


def test_running_tasks_are_left_alone(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b")])
    claim = claim_one(engine)

    assert engine.purge("default") == 1

    assert engine.commit("w1", [completion(claim)]) == [True]


def test_more_than_a_page_is_dropped(engine: Engine) -> None:
    engine.enqueue([message(f"r{number}") for number in range(2000)])
    engine.enqueue([message(f"d{number}", delay=10 + number) for number in range(1500)])
    engine.enqueue([message(f"o{number}", "other", delay=10) for number in range(700)])

    assert engine.purge("default") == 3500

    assert engine.queues() == {"default": QueueCounts(0, 0), "other": QueueCounts(0, 700)}


def test_the_ids_of_dropped_messages_are_free(engine: Engine) -> None:
    engine.enqueue([message("id"), message("id")])
    claim_one(engine, "w1")
    engine.reclaim("w1")

    assert engine.purge("default") == 2

    engine.enqueue([message("id")])
    claim = claim_one(engine)
    assert (claim.key, claim.delivery) == ("id", 1)


def test_an_unknown_queue_is_empty(engine: Engine) -> None:
    assert engine.purge("unknown") == 0
    assert engine.queues() == {}
