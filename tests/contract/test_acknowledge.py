"""Early acknowledgement: all deliveries of the message count as used before its task ends."""

from __future__ import annotations

from taskhub.engine.port import Engine
from taskhub.engine.rules import EngineRules
from tests.contract.stage import claim_all, claim_one, ending, is_empty, message, state_of


def test_an_acknowledged_task_ends_like_any_other(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)

    assert engine.acknowledge("w1", claim)
    assert engine.commit("w1", [ending(claim, publish=[message("next")])]) == [True]

    assert state_of(engine, "id") == "SUCCESS"
    assert claim_one(engine).task_id == "next"


def test_acknowledging_may_be_repeated(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)

    assert engine.acknowledge("w1", claim)
    assert engine.acknowledge("w1", claim)


def test_only_the_holder_acknowledges(engine: Engine) -> None:
    engine.enqueue([message("id")])
    first = claim_one(engine, "w1")
    assert not engine.acknowledge("w2", first)
    engine.release("w1")
    second = claim_one(engine, "w1")

    assert not engine.acknowledge("w1", first)
    assert engine.acknowledge("w1", second)


def test_the_acknowledged_task_of_a_dead_worker_comes_back_to_be_given_up(
    engine: Engine, rules: EngineRules
) -> None:
    engine.enqueue([message("a"), message("id"), message("b")])
    engine.acknowledge("w1", claim_all(engine, "w1")[1])

    assert engine.release("w1") == 3

    claims = claim_all(engine, "w2")
    deliveries = [(claim.task_id, claim.delivery) for claim in claims]
    assert deliveries == [("a", 2), ("id", rules.max_deliveries + 1), ("b", 2)]
    assert claims[1].body == message("id").body
    assert engine.documents(["id"]) == [None]


def test_the_acknowledged_task_of_a_worker_that_gives_it_back_is_given_up(
    engine: Engine, rules: EngineRules
) -> None:
    """It outlived the time that its process had to end."""
    engine.enqueue([message("a"), message("b")])
    for claim in claim_all(engine, "w1"):
        engine.acknowledge("w1", claim)

    assert engine.give_back("w1", ["a"]) == ["a"]
    assert engine.reconcile("w1", []) == ["b"]

    claims = claim_all(engine, "w2")
    assert [claim.delivery for claim in claims] == [rules.max_deliveries + 1] * 2


def test_only_the_acknowledged_one_of_two_with_an_id_is_given_up(
    engine: Engine, rules: EngineRules
) -> None:
    engine.enqueue([message("id", body=b"first"), message("id", body=b"second")])
    engine.acknowledge("w1", claim_all(engine, "w1")[1])

    engine.release("w1")

    found = [(claim.body, claim.delivery) for claim in claim_all(engine, "w2")]
    assert found == [(b"first", 2), (b"second", rules.max_deliveries + 1)]


def test_a_message_with_the_id_of_an_acknowledged_one_is_not_touched_by_its_end(
    engine: Engine,
) -> None:
    engine.enqueue([message("id", body=b"first")])
    first = claim_one(engine, "w1")
    engine.acknowledge("w1", first)
    engine.enqueue([message("id", body=b"second")])

    assert engine.commit("w1", [ending(first)]) == [True]

    assert claim_one(engine, "w2").body == b"second"


def test_one_worker_may_hold_both_of_an_id(engine: Engine) -> None:
    engine.enqueue([message("id", body=b"first")])
    first = claim_one(engine, "w1")
    engine.acknowledge("w1", first)
    engine.enqueue([message("id", body=b"second")])
    second = claim_one(engine, "w1")

    assert engine.commit("w1", [ending(first)]) == [True]
    assert engine.commit("w1", [ending(second)]) == [True]
    assert is_empty(engine, "w1")


def test_the_death_of_an_acknowledged_one_leaves_a_second_message_alone(engine: Engine) -> None:
    engine.enqueue([message("id", body=b"first")])
    engine.acknowledge("w1", claim_one(engine, "w1"))
    engine.enqueue([message("id", body=b"second")])
    second = claim_one(engine, "w2")

    engine.release("w1")

    assert [claim.body for claim in claim_all(engine, "w3")] == [b"first"]
    assert engine.commit("w2", [ending(second)]) == [True]


def test_a_later_message_does_not_inherit_deliveries(engine: Engine) -> None:
    for state in ("SUCCESS", "RETRY"):
        engine.enqueue([message("id")])
        claim = claim_one(engine, "w1")
        assert claim.delivery == 1
        engine.acknowledge("w1", claim)

        again = [message("id")] if state == "RETRY" else []
        engine.commit("w1", [ending(claim, state, publish=again)])

    assert claim_one(engine, "w2").delivery == 1


def test_revoking_an_acknowledged_task_takes_nothing(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    engine.acknowledge("w1", claim)

    assert engine.revoke("revoker", ["id"], 1000) == []

    assert engine.commit("w1", [ending(claim)]) == [True]


def test_an_acknowledged_message_that_is_rejected_is_kept_whole(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    engine.acknowledge("w1", claim)

    engine.commit("w1", [ending(claim, "FAILURE", dead="{}")])

    (letter,) = engine.dead_letters(0, 9)
    assert (letter.key, letter.envelope) == ("id", message("id"))
