"""A message whose task went over its hard time limit, and could not be ended by its worker: it is not run again."""

from __future__ import annotations

from taskhub.engine.port.claims import GivenUp
from taskhub.engine.port.engine import Engine
from tests.contract.stage import claim_one, completion, is_empty, message, state_of


def test_the_next_claim_says_that_it_is_timed_out(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    assert claim.given_up is None

    assert engine.mark_timed_out("w1", claim.key, claim.token)
    engine.reclaim("w1")

    again = claim_one(engine, "w2")
    assert again.given_up is GivenUp.TIMED_OUT
    assert again.body == claim.body
    assert engine.commit("w2", [completion(again, "FAILURE")]) == [True]
    assert is_empty(engine, "w2")


def test_one_that_was_acknowledged_early_is_timed_out_all_the_same(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    engine.acknowledge("w1", claim)

    assert engine.mark_timed_out("w1", claim.key, claim.token)
    engine.requeue("w1", ["id"])

    assert claim_one(engine, "w2").given_up is GivenUp.TIMED_OUT


def test_what_has_ended_meanwhile_is_left_alone(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    engine.commit("w1", [completion(claim, "RETRY", publish=[message("id")])])

    assert not engine.mark_timed_out("w1", claim.key, claim.token)

    assert claim_one(engine, "w1").given_up is None


def test_only_that_delivery_is_marked_timed_out(engine: Engine) -> None:
    engine.enqueue([message("id")])
    first = claim_one(engine, "w1")
    engine.reclaim("w1")
    second = claim_one(engine, "w1")

    assert not engine.mark_timed_out("w1", first.key, first.token)
    assert not engine.mark_timed_out("w2", second.key, second.token)

    assert engine.commit("w1", [completion(second)]) == [True]
    assert state_of(engine, "id") == "SUCCESS"


def test_its_end_forgets_that_it_was_timed_out(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")
    engine.mark_timed_out("w1", claim.key, claim.token)

    assert engine.commit("w1", [completion(claim)]) == [True]
    engine.enqueue([message("id")])

    assert claim_one(engine, "w1").delivery == 1
