"""Ending tasks: everything that follows in one step, and only by the one who holds the claim."""

from __future__ import annotations

from taskhub.engine.port.claims import Completion
from taskhub.engine.port.engine import Engine
from tests.contract.stage import (
    LEASE,
    Clock,
    claim_all,
    claim_one,
    completion,
    document,
    ids,
    is_empty,
    message,
    outcome,
    state_of,
)


def test_a_completion_leaves_its_document_and_nothing_else(engine: Engine) -> None:
    engine.enqueue([message("id")])

    assert engine.commit("w1", [completion(claim_one(engine))]) == [True]

    assert engine.documents(["id"]) == [document("id", "SUCCESS").encode()]
    assert is_empty(engine, "w1")
    assert engine.dead_letters(0, 9) == []


def test_a_completion_without_a_document_stores_none(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)

    assert engine.commit("w1", [Completion(claim, outcome("id")._replace(document=None))]) == [True]

    assert engine.documents(["id"]) == [None]
    assert is_empty(engine, "w1")


def test_a_completion_publishes_what_follows(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id")])
    follow = [message("next", "a"), message("later", "b", delay=50), message("then", "b", eta=1)]

    engine.commit("w1", [completion(claim_one(engine), publish=follow)])

    assert ids(engine.waiting("a", 0, 9)) == ["next"]
    assert [found.due for found in engine.delayed(0, 9)] == [1, clock.now + 50]


def test_what_a_completion_publishes_can_be_claimed_in_the_same_trip(engine: Engine) -> None:
    # A server that does not know the script yet is sent it after the claim of the same trip.
    engine.enqueue([message("first")])
    engine.commit("w1", [completion(claim_one(engine))])
    engine.enqueue([message("id")])
    completions = [completion(claim_one(engine), publish=[message("next")])]

    exchange = engine.exchange("w1", completions, ["default"], 5)

    assert exchange.committed == [True]
    assert exchange.batch is not None
    assert ids(exchange.batch.claims) == ["next"]


def test_a_retry_is_published_under_its_own_id(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)

    again = message("id", body=b"again", delay=100)
    assert engine.commit("w1", [completion(claim, "RETRY", publish=[again])]) == [True]

    assert state_of(engine, "id") == "RETRY"
    clock.advance(100)
    retried = claim_one(engine)
    assert (retried.key, retried.body, retried.delivery) == ("id", b"again", 1)


def test_a_retry_after_a_lost_worker_counts_its_deliveries_anew(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim_one(engine, "lost")
    engine.reclaim("lost")
    claim = claim_one(engine)
    assert claim.delivery == 2

    engine.commit("w1", [completion(claim, "RETRY", publish=[message("id")])])

    assert claim_one(engine).delivery == 1


def test_a_dead_letter_keeps_the_message_and_the_reason(engine: Engine, clock: Clock) -> None:
    stored = message("id", "mail", priority=3)
    engine.enqueue([stored])
    claim = claim_one(engine, queue="mail")

    engine.commit("w1", [completion(claim, "FAILURE", dead='{"reason": "rejected"}')])

    (letter,) = engine.dead_letters(0, 9)
    assert (letter.key, letter.reason, letter.envelope) == ("id", '{"reason": "rejected"}', stored)
    assert letter.expires > clock.now
    assert is_empty(engine, "w1")


def test_a_task_ends_once(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)
    follow = [completion(claim, publish=[message("next")])]

    assert engine.commit("w1", follow) == [True]
    assert engine.commit("w1", follow) == [False]
    assert engine.commit("w1", follow + follow) == [False, False]

    assert ids(engine.waiting("default", 0, 9)) == ["next"]


def test_one_batch_ends_a_task_once(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine)

    assert engine.commit("w1", [completion(claim), completion(claim, "FAILURE")]) == [True, False]


def test_a_claim_that_was_taken_away_ends_nothing(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message("id")])
    engine.renew(["w1"], LEASE)
    claim = claim_one(engine, "w1")
    clock.advance(LEASE)
    engine.reclaim("w1", only_expired=True)

    late = completion(claim, "FAILURE", publish=[message("wrong")], dead="{}")
    assert engine.commit("w1", [late]) == [False]

    assert engine.dead_letters(0, 9) == []
    assert ids(engine.waiting("default", 0, 9)) == ["id"]


def test_an_earlier_delivery_ends_nothing(engine: Engine) -> None:
    """The same worker may hold the same message again: its token tells the two apart."""
    engine.enqueue([message("id")])
    first = claim_one(engine, "w1")
    engine.reclaim("w1")
    second = claim_one(engine, "w1")

    assert engine.commit("w1", [completion(first, publish=[message("wrong")])]) == [False]
    assert engine.commit("w1", [completion(second, publish=[message("right")])]) == [True]

    assert ids(claim_all(engine)) == ["right"]


def test_another_worker_ends_nothing(engine: Engine) -> None:
    engine.enqueue([message("id")])
    claim = claim_one(engine, "w1")

    assert engine.commit("w2", [completion(claim, publish=[message("wrong")])]) == [False]

    assert engine.held("w1") == {"id": claim.token}


def test_a_batch_ends_what_it_may(engine: Engine) -> None:
    engine.enqueue([message("a"), message("b"), message("c")])
    a, b, c = claim_all(engine)
    engine.requeue("w1", ["b"])

    completions = [completion(a), completion(b, publish=[message("wrong")]), completion(c)]
    assert engine.commit("w1", completions) == [True, False, True]

    assert ids(engine.waiting("default", 0, 9)) == ["b"]
    assert [state_of(engine, task_id) for task_id in "ac"] == ["SUCCESS", "SUCCESS"]


def test_nothing_is_committed_for_no_completions(engine: Engine) -> None:
    assert engine.commit("w1", []) == []


def test_a_large_batch_is_committed(engine: Engine) -> None:
    engine.enqueue([message(f"id{number}") for number in range(600)])
    claims = claim_all(engine)
    completions = [
        completion(claim, publish=[message(f"{claim.task_id}-next", "next")]) for claim in claims
    ]

    assert engine.commit("w1", completions) == [True] * 600

    assert engine.queues()["next"].ready == 600
    assert state_of(engine, "id599") == "SUCCESS"
