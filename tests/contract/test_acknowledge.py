"""Early acknowledgement: the message is forgotten before its task ends."""

from __future__ import annotations

import json

from taskhub.engine.port import Engine, Released
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


def test_the_acknowledged_task_of_a_dead_worker_fails(engine: Engine) -> None:
    engine.enqueue([message("id")])
    engine.acknowledge("w1", claim_one(engine, "w1"))

    assert engine.release("w1") == Released(requeued=0, dead=0)

    (stored,) = engine.documents(["id"])
    assert stored is not None
    fields = json.loads(stored)
    assert (fields["status"], fields["task_id"]) == ("FAILURE", "id")
    assert fields["result"]["exc_type"] == "WorkerLostError"
    assert is_empty(engine, "w1")
    assert engine.dead_letters(0, 9) == []


def test_the_failure_of_a_second_message_bears_its_task_id(engine: Engine) -> None:
    engine.enqueue([message("id"), message("id")])
    first, second = claim_all(engine, "w1")
    engine.acknowledge("w1", second)
    engine.commit("w1", [ending(first)._replace(outcome=ending(first).outcome)])

    engine.release("w1")

    assert state_of(engine, "id") == "FAILURE"


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

    assert claim_all(engine, "w3") == []
    assert engine.commit("w2", [ending(second)]) == [True]


def test_an_acknowledged_message_cannot_be_given_back(engine: Engine) -> None:
    engine.enqueue([message("id")])
    engine.acknowledge("w1", claim_one(engine, "w1"))

    assert engine.give_back("w1", ["id"]) == ["id"]

    assert is_empty(engine, "w1")
    engine.enqueue([message("id")])
    assert claim_one(engine).key == "id"


def test_a_later_message_does_not_inherit_deliveries(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "w1")
    engine.release("w1")
    again = claim_one(engine, "w1")
    assert again.delivery == 2
    engine.acknowledge("w1", again)
    engine.release("w1")

    engine.enqueue([message("id")])

    assert claim_one(engine, "w2").delivery == 1


def test_revoking_an_acknowledged_task_takes_nothing(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    engine.acknowledge("w1", claim)

    assert engine.revoke("revoker", ["id"], 1000) == []

    assert engine.commit("w1", [ending(claim)]) == [True]


def test_an_acknowledged_message_that_is_rejected_has_an_empty_dead_letter(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    engine.acknowledge("w1", claim)

    engine.commit("w1", [ending(claim, "FAILURE", dead="{}")])

    (letter,) = engine.dead_letters(0, 9)
    assert (letter.key, letter.envelope) == ("id", None)
