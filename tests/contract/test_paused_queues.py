"""Paused queues: nothing is claimed from them, and everything else goes on."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import PausedQueue
from taskhub.engine.port.rate_limiter import PermitRequest, rate_of
from tests.contract.stage import (
    Clock,
    claim_all,
    claim_one,
    completion,
    ids,
    is_notified,
    message,
)


def test_nothing_is_claimed_from_a_paused_queue(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b", "other", priority=0)])
    assert engine.pause_queue("default")

    assert ids(claim_all(engine, "w1", "default", "other")) == ["b"]
    assert claim_all(engine, "w1", "default") == []
    assert ids(engine.waiting("default", 0, 9)) == ["a"]

    assert engine.resume_queue("default")
    assert ids(claim_all(engine)) == ["a"]


def test_a_paused_queue_is_seen(engine: Engine, clock: Clock) -> None:
    assert engine.paused_queues() == {}
    engine.pause_queue("mail", "ann@shop", 'the "provider"\nis down')
    engine.pause_queue("b")

    found = engine.paused_queues()

    assert found == {
        "b": PausedQueue(clock.now, "", ""),
        "mail": PausedQueue(clock.now, "ann@shop", 'the "provider"\nis down'),
    }
    assert list(found) == ["b", "mail"]
    engine.resume_queue("mail")
    assert list(engine.paused_queues()) == ["b"]


def test_pausing_and_resuming_may_be_repeated(engine: Engine, clock: Clock) -> None:
    assert engine.pause_queue("default", "first")
    since = clock.now
    clock.advance(5)
    assert not engine.pause_queue("default", "second")
    assert engine.paused_queues() == {"default": PausedQueue(since, "first", "")}

    assert engine.resume_queue("default")
    assert not engine.resume_queue("default")
    assert not engine.resume_queue("never paused")


def test_resuming_notifies_a_worker_if_there_is_work(engine: Engine) -> None:
    engine.pause_queue("default")
    engine.resume_queue("default")
    assert not is_notified(engine)

    engine.pause_queue("default")
    engine.enqueue([message("a")])
    assert is_notified(engine)
    engine.resume_queue("default")
    assert is_notified(engine)


def test_claims_do_not_notify_of_a_paused_queue(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("a"), message("late", delay=10), message("b", "other")])
    assert is_notified(engine)
    engine.pause_queue("default")
    clock.advance(10)

    assert ids(claim_all(engine, "w1", "default", "other")) == ["b"]
    engine.claim("w1", ["default", "other"], 0)

    assert not is_notified(engine)
    assert ids(engine.waiting("default", 0, 9)) == ["a", "late"]


def test_what_was_claimed_before_ends_as_ever(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b")])
    a, b = claim_all(engine)
    engine.pause_queue("default")

    following = completion(a, publish=[message("next")])
    exchange = engine.exchange("w1", [following], ["default"], 5)

    assert exchange.committed == [True]
    assert exchange.batch is not None
    assert exchange.batch.claims == []
    assert engine.requeue("w1", [b.key]) == ["b"]
    assert ids(engine.waiting("default", 0, 9)) == ["b", "next"]


def test_suspects_of_a_paused_queue_are_left_alone(engine: Engine) -> None:
    engine.enqueue([message("a")])
    for _ in range(2):
        claim_one(engine)
        engine.reclaim("w1")
    engine.pause_queue("default")

    batch = engine.claim("w1", ["default"], 5, "one")

    assert (batch.claims, batch.suspects_left) == ([], False)


def test_permits_come_to_a_paused_queue_without_a_claim(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("a"), message("b")])
    claims = claim_all(engine)
    requests = [PermitRequest(one.key, one.token, "limited", rate_of(10)) for one in claims]
    assert engine.rate_limiter.acquire_permits("w1", requests).granted == [True, False]
    engine.pause_queue("default")
    clock.advance(100)

    assert claim_all(engine, "w2") == []
    assert engine.rate_limiter.waiting() == {}
    engine.resume_queue("default")
    assert ids(claim_all(engine, "w2")) == ["b"]


def test_a_paused_queue_may_be_purged_and_stays_paused(engine: Engine) -> None:
    engine.enqueue([message("a")])
    engine.pause_queue("default")

    assert engine.purge("default") == 1

    assert list(engine.paused_queues()) == ["default"]
