"""Early acknowledgement: a message whose worker is lost afterwards is not run again."""

from __future__ import annotations

from taskhub.engine.port.claims import GivenUp
from taskhub.engine.port.engine import Engine
from tests.contract.stage import claim_all, claim_one, completion, is_empty, message, state_of


def test_an_acknowledged_task_ends_like_any_other(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)

    assert engine.acknowledge("w1", claim)
    assert engine.commit("w1", [completion(claim, publish=[message("next")])]) == [True]

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
    engine.reclaim("w1")
    second = claim_one(engine, "w1")

    assert not engine.acknowledge("w1", first)
    assert engine.acknowledge("w1", second)


def test_the_acknowledged_task_of_a_lost_worker_is_claimed_to_be_given_up(engine: Engine) -> None:
    engine.enqueue([message("a"), message("id"), message("b")])
    engine.acknowledge("w1", claim_all(engine, "w1")[1])

    assert engine.reclaim("w1") == 3

    claims = claim_all(engine, "w2")
    found = [(claim.task_id, claim.delivery, claim.given_up) for claim in claims]
    early = GivenUp.ACKNOWLEDGED_EARLY
    assert found == [("a", 2, None), ("id", 2, early), ("b", 2, None)]
    assert claims[1].body == message("id").body
    assert engine.documents(["id"]) == [None]


def test_an_acknowledged_task_that_is_requeued_is_given_up(engine: Engine) -> None:
    """It outlived the time that its process had to end."""
    engine.enqueue([message("a"), message("b")])
    for claim in claim_all(engine, "w1"):
        engine.acknowledge("w1", claim)

    assert engine.requeue("w1", ["a"]) == ["a"]
    assert engine.reconcile("w1", []) == ["b"]

    claims = claim_all(engine, "w2")
    assert [claim.given_up for claim in claims] == [GivenUp.ACKNOWLEDGED_EARLY] * 2


def test_only_the_acknowledged_one_of_two_with_an_id_is_given_up(engine: Engine) -> None:
    engine.enqueue([message("id", body=b"first"), message("id", body=b"second")])
    engine.acknowledge("w1", claim_all(engine, "w1")[1])

    engine.reclaim("w1")

    found = [(claim.body, claim.given_up) for claim in claim_all(engine, "w2")]
    assert found == [(b"first", None), (b"second", GivenUp.ACKNOWLEDGED_EARLY)]


def test_a_message_with_the_id_of_an_acknowledged_one_is_not_touched_by_its_end(
    engine: Engine,
) -> None:
    engine.enqueue([message("id", body=b"first")])
    first = claim_one(engine, "w1")
    engine.acknowledge("w1", first)
    engine.enqueue([message("id", body=b"second")])

    assert engine.commit("w1", [completion(first)]) == [True]

    assert claim_one(engine, "w2").body == b"second"


def test_one_worker_may_hold_both_of_an_id(engine: Engine) -> None:
    engine.enqueue([message("id", body=b"first")])
    first = claim_one(engine, "w1")
    engine.acknowledge("w1", first)
    engine.enqueue([message("id", body=b"second")])
    second = claim_one(engine, "w1")

    assert engine.commit("w1", [completion(first)]) == [True]
    assert engine.commit("w1", [completion(second)]) == [True]
    assert is_empty(engine, "w1")


def test_the_death_of_an_acknowledged_one_leaves_a_second_message_alone(engine: Engine) -> None:
    engine.enqueue([message("id", body=b"first")])
    engine.acknowledge("w1", claim_one(engine, "w1"))
    engine.enqueue([message("id", body=b"second")])
    second = claim_one(engine, "w2")

    engine.reclaim("w1")

    assert [claim.body for claim in claim_all(engine, "w3")] == [b"first"]
    assert engine.commit("w2", [completion(second)]) == [True]


def test_a_later_message_does_not_inherit_deliveries(engine: Engine) -> None:
    for state in ("SUCCESS", "RETRY"):
        engine.enqueue([message("id")])
        claim = claim_one(engine, "w1")
        assert claim.delivery == 1
        engine.acknowledge("w1", claim)

        again = [message("id")] if state == "RETRY" else []
        engine.commit("w1", [completion(claim, state, publish=again)])

    assert claim_one(engine, "w2").delivery == 1


def test_revoking_an_acknowledged_task_takes_nothing(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    engine.acknowledge("w1", claim)

    assert engine.revoke("revoker", ["id"], 1000) == []

    assert engine.commit("w1", [completion(claim)]) == [True]


def test_an_acknowledged_message_that_is_rejected_is_kept_whole(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    engine.acknowledge("w1", claim)

    engine.commit("w1", [completion(claim, "FAILURE", dead="{}")])

    (letter,) = engine.dead_letters(0, 9)
    assert (letter.key, letter.envelope) == ("id", message("id"))
