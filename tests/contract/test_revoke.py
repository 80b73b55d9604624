"""Revoking tasks, wherever they are."""

from __future__ import annotations

import pytest

from taskhub.engine.port.engine import Engine
from tests.contract.stage import (
    Clock,
    claim_all,
    claim_one,
    completion,
    ids,
    is_empty,
    message,
    state_of,
)

REMEMBER = 60_000


def test_a_ready_task_is_taken_out_of_its_queue(engine: Engine) -> None:
    engine.enqueue([message("a"), message("id", priority=8), message("b")])

    (claim,) = engine.revoke("revoker", ["id"], REMEMBER)

    assert (claim.task_id, claim.priority, claim.revoked) == ("id", 8, True)
    assert engine.commit("revoker", [completion(claim, "REVOKED")]) == [True]
    assert state_of(engine, "id") == "REVOKED"
    assert ids(claim_all(engine)) == ["a", "b"]


@pytest.mark.parametrize("priority", [0, 5, 9])
def test_a_delayed_task_is_taken_out(engine: Engine, priority: int) -> None:
    engine.enqueue([message("id", delay=10, priority=priority)])

    (claim,) = engine.revoke("revoker", ["id"], REMEMBER)

    assert (claim.priority, claim.sequence, claim.ready_at) == (priority, 0, None)
    assert engine.commit("revoker", [completion(claim, "REVOKED")]) == [True]
    assert is_empty(engine, "revoker")


def test_a_running_task_is_left_to_its_worker(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")

    assert engine.revoke("revoker", ["id"], REMEMBER) == []

    assert engine.commit("w1", [completion(claim)]) == [True]


def test_an_unknown_id_is_remembered(engine: Engine) -> None:
    assert engine.revoke("revoker", ["id"], REMEMBER) == []

    engine.enqueue([message("id"), message("other")])
    claims = claim_all(engine)

    assert [(claim.task_id, claim.revoked) for claim in claims] == [("id", True), ("other", False)]


def test_a_revoked_task_that_is_delivered_again_is_known_to_be_revoked(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    engine.revoke("revoker", ["id"], REMEMBER)
    engine.reclaim("w1")

    assert claim_one(engine, "w2").revoked


def test_a_retry_of_a_revoked_task_is_known_to_be_revoked(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    engine.revoke("revoker", ["id"], REMEMBER)
    engine.commit("w1", [completion(claim, "RETRY", publish=[message("id")])])

    assert claim_one(engine, "w1").revoked


def test_a_revocation_is_remembered_for_a_while(engine: Engine, clock: Clock) -> None:
    engine.revoke("revoker", ["a", "b"], REMEMBER)
    engine.enqueue([message("a"), message("b")])
    clock.advance(REMEMBER - 1)
    assert claim_one(engine).revoked
    clock.advance(1)
    assert not claim_one(engine).revoked


def test_many_are_revoked_at_once(engine: Engine) -> None:
    engine.enqueue([message("a", "x"), message("b", "y", delay=9), message("c", "z")])
    claim_one(engine, "w1", "z")

    claims = engine.revoke("revoker", ["c", "b", "unknown", "a"], REMEMBER)

    assert ids(claims) == ["b", "a"]
    assert sorted(engine.held("revoker")) == ["a", "b"]


def test_what_a_revoker_leaves_behind_is_found(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id")])
    engine.revoke("revoker", ["id"], REMEMBER)
    assert "revoker" in engine.workers()
    clock.advance(engine.workers()["revoker"])

    assert engine.renew([], 1) == ["revoker"]
    engine.reclaim("revoker", only_expired=True)

    assert claim_one(engine).revoked


def test_a_revoker_that_found_nothing_leaves_nothing(engine: Engine) -> None:
    engine.revoke("revoker", ["id"], REMEMBER)

    assert engine.workers() == {}


def test_deliveries_are_forgotten_with_a_revoked_task(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    engine.reclaim("w1")
    (claim,) = engine.revoke("revoker", ["id"], 1)
    assert claim.delivery == 2
    engine.commit("revoker", [completion(claim, "REVOKED")])

    engine.enqueue([message("id")])

    assert claim_one(engine, "w1").delivery == 1


def test_revoked_ids_are_listed_until_they_are_forgotten(engine: Engine, clock: Clock) -> None:
    engine.revoke("revoker", ["b"], REMEMBER)
    engine.revoke("revoker", ["a", "c"], 2 * REMEMBER)

    assert engine.revoked(0, 2) == ["b", "a"]
    assert engine.revoked(2, 2) == ["c"]
    assert engine.revoked(0, 0) == []
    clock.advance(REMEMBER)
    assert engine.revoked(0, 9) == ["a", "c"]


def test_revoked_stamps_are_remembered_for_a_while(engine: Engine, clock: Clock) -> None:
    engine.revoke_stamps([("header", "one"), ("header", "two")], REMEMBER)
    engine.revoke_stamps([("other", 'a "quoted"\nline'), ("header", "two")], 2 * REMEMBER)

    assert sorted(engine.revoked_stamps()) == [
        ("header", "one"),
        ("header", "two"),
        ("other", 'a "quoted"\nline'),
    ]
    clock.advance(REMEMBER)
    assert sorted(engine.revoked_stamps()) == [("header", "two"), ("other", 'a "quoted"\nline')]
    clock.advance(REMEMBER)
    engine.renew([], 1)
    assert engine.revoked_stamps() == []
    engine.revoke_stamps([], REMEMBER)
