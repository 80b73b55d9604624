"""Handing out messages."""

from __future__ import annotations

from taskhub.engine.port import Engine
from tests.contract.stage import claim_all, ids, message


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
