"""Returning what was not begun, and finding what was claimed but never received."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from tests.contract.stage import claim_all, claim_one, completion, ids, message


def test_messages_return_to_their_places(engine: Engine) -> None:
    engine.enqueue([message(name) for name in "abcde"])
    claim_all(engine, "w1")

    assert sorted(engine.requeue("w1", ["d", "b"])) == ["b", "d"]
    engine.enqueue([message("new"), message("urgent", priority=9)])

    assert ids(claim_all(engine, "w2")) == ["urgent", "b", "d", "new"]
    assert sorted(engine.held("w1")) == ["a", "c", "e"]


def test_it_does_not_count_as_a_delivery(engine: Engine) -> None:
    engine.enqueue([message("id")])
    for _ in range(5):
        claim_one(engine, "w1")
        engine.requeue("w1", ["id"])

    assert claim_one(engine, "w2").delivery == 1


def test_earlier_deliveries_stay_counted(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    engine.reclaim("w1")
    claim_one(engine, "w2")
    engine.requeue("w2", ["id"])

    assert claim_one(engine, "w2").delivery == 2


def test_only_what_is_held_is_given_back(engine: Engine) -> None:
    engine.enqueue([message("mine"), message("yours")])
    claim_one(engine, "w1")
    claim_one(engine, "w2")

    assert engine.requeue("w1", ["mine", "yours", "unknown"]) == ["mine"]
    assert engine.requeue("w1", []) == []

    assert ids(engine.waiting("default", 0, 9)) == ["mine"]


def test_who_gave_back_cannot_end_it(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    engine.requeue("w1", ["id"])

    assert engine.commit("w1", [completion(claim)]) == [False]


def test_a_given_back_and_reclaimed_message_belongs_to_the_other(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    engine.requeue("w1", ["id"])
    claim = claim_one(engine, "w2")

    assert engine.requeue("w1", ["id"]) == []
    assert engine.commit("w2", [completion(claim)]) == [True]


def test_reconciling_gives_back_what_the_worker_does_not_know_of(engine: Engine) -> None:
    engine.enqueue([message(name) for name in "abcd"])
    engine.claim("w1", ["default"], 3)
    claim_one(engine, "w2")

    assert sorted(engine.reconcile("w1", ["b", "unknown"])) == ["a", "c"]

    assert sorted(engine.held("w1")) == ["b"]
    assert sorted(engine.held("w2")) == ["d"]
    assert ids(engine.waiting("default", 0, 9)) == ["a", "c"]


def test_reconciling_finds_nothing_where_all_is_well(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")

    assert engine.reconcile("w1", ["id"]) == []
    assert engine.reconcile("unknown", []) == []


def test_reconciling_with_nothing_held_gives_everything_back(engine: Engine) -> None:
    engine.enqueue([message(f"id{number}") for number in range(700)])
    claim_all(engine, "w1")

    assert len(engine.reconcile("w1", [])) == 700

    assert ids(engine.waiting("default", 0, 2)) == ["id0", "id1"]
