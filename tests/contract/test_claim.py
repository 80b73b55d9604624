"""Handing out messages."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from tests.contract.stage import LEASE, claim_all, ids, message


def test_claims_come_by_priority_then_age(engine: Engine) -> None:
    for number, priority in enumerate((5, 0, 9, 5, 9, 0)):
        engine.enqueue([message(f"{priority}-{number}", priority=priority)])

    assert ids(claim_all(engine)) == ["9-2", "9-4", "5-0", "5-3", "0-1", "0-5"]


def test_claims_come_by_priority_then_age_over_several_queues(engine: Engine) -> None:
    for number, (queue, priority) in enumerate(
        [("a", 5), ("b", 5), ("c", 9), ("a", 5), ("b", 9), ("c", 1), ("b", 5)]
    ):
        engine.enqueue([message(f"{queue}{number}", queue, priority=priority)])

    claims = engine.claim("w1", ["a", "b", "c"], 6).claims

    assert ids(claims) == ["c2", "b4", "a0", "b1", "a3", "b6"]


def test_only_the_queues_asked_for_are_served(engine: Engine) -> None:
    engine.enqueue([message("a", "a"), message("b", "b")])

    assert ids(engine.claim("w1", ["b", "never-used"], 9).claims) == ["b"]
    assert ids(engine.waiting("a", 0, 9)) == ["a"]


def test_a_queue_named_twice_is_served_once(engine: Engine) -> None:
    engine.enqueue([message(f"id{number}") for number in range(3)])

    assert ids(engine.claim("w1", ["default", "default"], 9).claims) == ["id0", "id1", "id2"]


def test_no_more_is_claimed_than_asked_for(engine: Engine) -> None:
    engine.enqueue([message(f"id{number}", "ab"[number % 2]) for number in range(6)])

    assert ids(engine.claim("w1", ["a"], 2).claims) == ["id0", "id2"]
    assert ids(engine.claim("w1", ["a", "b"], 3).claims) == ["id1", "id3", "id4"]
    assert engine.claim("w1", ["a", "b"], 0).claims == []
    assert ids(engine.claim("w1", ["a", "b"], 3).claims) == ["id5"]


def test_a_message_is_claimed_once(engine: Engine) -> None:
    engine.enqueue([message("id")])

    assert ids(claim_all(engine, "w1")) == ["id"]
    assert claim_all(engine, "w2") == []


def test_claims_are_held_until_they_end(engine: Engine) -> None:
    engine.enqueue([message("id")])
    (claim,) = claim_all(engine, "w1")

    assert engine.held("w1") == {"id": claim.token}
    assert engine.held("w2") == {}


def test_whoever_holds_claims_has_a_lease(engine: Engine) -> None:
    """Or else nobody would find the claims of one who died before its first renewal."""
    engine.enqueue([message("id")])

    assert claim_all(engine, "idle", "empty") == []
    assert ids(claim_all(engine, "busy")) == ["id"]

    assert list(engine.workers()) == ["busy"]


def lose(engine: Engine, name: str, times: int) -> None:
    """Lose the foremost message with its worker so many times."""
    for _ in range(times):
        engine.renew(["lost"], LEASE)
        assert ids(engine.claim("lost", ["default"], 1).claims) == [name]
        engine.reclaim("lost")


def test_a_message_that_was_lost_twice_is_a_suspect_and_claimed_alone(engine: Engine) -> None:
    engine.enqueue([message("suspect")])
    lose(engine, "suspect", 1)
    engine.enqueue([message(name) for name in "abc"])
    assert ids(engine.claim("w1", ["default"], 2, "none").claims) == ["suspect", "a"]
    engine.requeue("w1", ["suspect", "a"])
    lose(engine, "suspect", 1)

    alone = engine.claim("w1", ["default"], 9, "one")

    assert [(claim.task_id, claim.delivery) for claim in alone.claims] == [("suspect", 3)]
    assert not alone.suspects_left
    assert ids(engine.waiting("default", 0, 9)) == ["a", "b", "c"]
    assert ids(engine.claim("w2", ["default"], 9, "one").claims) == ["a", "b", "c"]


def test_suspects_are_left_to_others(engine: Engine) -> None:
    engine.enqueue([message("first"), message("second")])
    for _ in range(2):
        engine.renew(["lost"], LEASE)
        assert len(engine.claim("lost", ["default"], 2).claims) == 2
        engine.reclaim("lost")
    engine.enqueue([message("a"), message("b", "other", priority=0), message("c")])

    batch = engine.claim("w1", ["default", "other"], 2, "none")
    assert ids(batch.claims) == ["a", "c"]
    assert batch.suspects_left
    assert ids(engine.claim("w1", ["default", "other"], 2, "none").claims) == ["b"]

    one = engine.claim("w2", ["default", "other"], 2, "one")
    assert ids(one.claims) == ["first"]
    assert one.suspects_left
    assert ids(engine.claim("w3", ["default"], 2, "one").claims) == ["second"]


def test_a_worker_that_finds_only_suspects_has_a_lease(engine: Engine) -> None:
    """It is known before it is known that all of them are left to others."""
    engine.enqueue([message("suspect")])
    lose(engine, "suspect", 2)

    assert engine.claim("w1", ["default"], 1, "none").claims == []

    assert "w1" in engine.workers()


def test_those_who_do_not_ask_get_suspects_like_all_others(engine: Engine) -> None:
    engine.enqueue([message("suspect"), message("a")])
    lose(engine, "suspect", 2)

    assert ids(claim_all(engine)) == ["suspect", "a"]


def test_what_is_to_be_given_up_is_no_suspect(engine: Engine) -> None:
    engine.enqueue([message("poison"), message("a")])
    lose(engine, "poison", engine.rules.max_deliveries)

    batch = engine.claim("w1", ["default"], 2, "none")

    assert ids(batch.claims) == ["poison", "a"]
    assert not batch.suspects_left


def test_what_is_left_beside_a_suspect_wakes_another_worker(engine: Engine) -> None:
    engine.enqueue([message("suspect"), message("a")])
    lose(engine, "suspect", 2)
    notifier = engine.notifier(["default"])
    while notifier.wait(0):
        pass
    try:
        engine.claim("w1", ["default"], 9, "one")
        assert notifier.wait(5)
    finally:
        notifier.close()
