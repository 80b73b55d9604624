"""Locks that tasks hold, by name."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from tests.contract.stage import claim_one, completion, message


def test_the_first_task_holds_a_lock_and_others_learn_its_id(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b")])

    assert engine.locks.acquire_lock("sync", "a") == "a"
    assert engine.locks.acquire_lock("sync", "b") == "a"
    assert engine.locks.acquire_lock("sync", "a") == "a"
    assert engine.locks.acquire_lock("another", "b") == "b"
    assert engine.locks.held() == {"sync": "a", "another": "b"}


def test_a_lock_ends_with_its_task(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b")])
    claim = claim_one(engine)
    engine.locks.acquire_lock("sync", "a")

    assert engine.commit("w1", [completion(claim, "FAILURE")]) == [True]

    assert engine.locks.held() == {}
    assert engine.locks.acquire_lock("sync", "b") == "b"


def test_a_task_keeps_its_lock_when_its_worker_is_lost_and_while_it_waits_for_a_retry(
    engine: Engine,
) -> None:
    engine.enqueue([message("a"), message("b")])
    claim_one(engine)
    engine.locks.acquire_lock("sync", "a")
    engine.reclaim("w1")
    assert engine.locks.acquire_lock("sync", "b") == "a"

    again = claim_one(engine, "w2")
    assert engine.locks.acquire_lock("sync", "a") == "a"
    engine.commit("w2", [completion(again, "RETRY", publish=[message("a", delay=1000)])])

    assert engine.locks.acquire_lock("sync", "b") == "a"


def test_a_lock_can_be_given_back_by_its_holder_only(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b")])
    engine.locks.acquire_lock("sync", "a")

    assert not engine.locks.release_lock("sync", "b")
    assert engine.locks.acquire_lock("sync", "b") == "a"
    assert engine.locks.release_lock("sync", "a")
    assert not engine.locks.release_lock("sync", "a")
    assert engine.locks.acquire_lock("sync", "b") == "b"


def test_a_task_that_is_not_stored_keeps_nobody_out(engine: Engine) -> None:
    assert engine.locks.acquire_lock("sync", "eager") == "eager"
    assert engine.locks.acquire_lock("sync", "eager too") == "eager too"
    assert engine.locks.held() == {}


def test_a_purged_task_holds_nothing(engine: Engine) -> None:
    engine.enqueue([message("a")])
    engine.locks.acquire_lock("sync", "a")

    engine.purge("default")

    assert engine.locks.held() == {}
