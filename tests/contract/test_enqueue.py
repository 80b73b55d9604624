"""Storing messages."""

from __future__ import annotations

from taskhub.engine.port import Engine, QueueCounts, RetryPolicy
from tests.contract.stage import claim_all, claim_one, ending, ids, message


def test_a_message_comes_out_as_it_went_in(engine: Engine) -> None:
    body = b'{"text": "\xe4\xbd\xa0\xe5\xa5\xbd\\n"}\n\x00\xff\r\n'
    engine.enqueue([message("id", "邮件", priority=7, body=body)])

    (claim,) = engine.claim("w1", ["邮件"], 1).claims

    assert claim.task_id == claim.key == "id"
    assert (claim.queue, claim.priority, claim.body) == ("邮件", 7, body)
    assert claim.delivery == 1
    assert not claim.revoked


def test_nothing_is_stored_for_no_messages(engine: Engine) -> None:
    engine.enqueue([])

    assert engine.queues() == {}


def test_many_messages_keep_their_order(engine: Engine) -> None:
    engine.enqueue([message(f"id{number}") for number in range(1203)])

    assert engine.queues() == {"default": QueueCounts(1203, 0)}
    batch = engine.claim("w1", ["default"], 2000)
    assert ids(batch.claims) == [f"id{number}" for number in range(1203)]


def test_a_retry_policy_changes_nothing_while_the_store_answers(engine: Engine) -> None:
    policy = RetryPolicy()
    for _ in range(3):
        engine.enqueue([message("id")], retry=policy)

    assert ids(claim_all(engine)) == ["id"] * 3


def test_a_second_message_with_the_id_of_a_ready_one_runs_too(engine: Engine) -> None:
    engine.enqueue([message("id", body=b"first")])
    engine.enqueue([message("id", body=b"second")])

    first, second = claim_all(engine)

    assert first.key != second.key
    assert [first.body, second.body] == [b"first", b"second"]
    assert engine.commit("w1", [ending(first), ending(second)]) == [True, True]


def test_a_second_message_with_the_id_of_a_claimed_one_runs_too(engine: Engine) -> None:
    engine.enqueue([message("id", body=b"first")])
    first = claim_one(engine, "w1")
    engine.enqueue([message("id", body=b"second")])
    assert engine.commit("w1", [ending(first)]) == [True]

    second = claim_one(engine, "w2")

    assert second.body == b"second"
    assert second.task_id == "id"
    assert engine.commit("w2", [ending(second)]) == [True]


def test_a_second_message_with_the_id_of_a_delayed_one_runs_too(
    engine: Engine,
) -> None:
    engine.enqueue([message("id", body=b"later", eta=1)])
    engine.enqueue([message("id", body=b"now")])

    assert {claim.body for claim in claim_all(engine)} == {b"later", b"now"}


def test_an_id_is_free_again_after_the_end(engine: Engine) -> None:
    engine.enqueue([message("id")])
    engine.commit("w1", [ending(claim_one(engine))])
    engine.enqueue([message("id")])

    assert claim_one(engine).key == "id"
