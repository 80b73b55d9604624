"""A message whose task went over its hard time limit, and could not be ended by its worker: it is not run again."""

from __future__ import annotations

from taskhub.engine.port import Engine
from tests.contract.stage import claim_one, ending, is_empty, message, state_of


def test_the_next_claim_says_that_it_is_overdue(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    assert not claim.overdue

    assert engine.condemn("w1", claim.key, claim.token)
    engine.release("w1")

    again = claim_one(engine, "w2")
    assert again.overdue
    assert again.body == claim.body
    assert engine.commit("w2", [ending(again, "FAILURE")]) == [True]
    assert is_empty(engine, "w2")


def test_one_that_was_acknowledged_early_is_overdue_all_the_same(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    engine.acknowledge("w1", claim)

    assert engine.condemn("w1", claim.key, claim.token)
    engine.give_back("w1", ["id"])

    assert claim_one(engine, "w2").overdue


def test_what_has_ended_meanwhile_is_left_alone(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    engine.commit("w1", [ending(claim, "RETRY", publish=[message("id")])])

    assert not engine.condemn("w1", claim.key, claim.token)

    assert not claim_one(engine, "w1").overdue


def test_only_that_delivery_is_condemned(engine: Engine) -> None:
    engine.enqueue([message("id")])
    first = claim_one(engine, "w1")
    engine.release("w1")
    second = claim_one(engine, "w1")

    assert not engine.condemn("w1", first.key, first.token)
    assert not engine.condemn("w2", second.key, second.token)

    assert engine.commit("w1", [ending(second)]) == [True]
    assert state_of(engine, "id") == "SUCCESS"


def test_its_end_forgets_that_it_was_overdue(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    engine.condemn("w1", claim.key, claim.token)

    assert engine.commit("w1", [ending(claim)]) == [True]
    engine.enqueue([message("id")])

    assert claim_one(engine, "w1").delivery == 1
