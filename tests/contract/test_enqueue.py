"""Storing messages."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.inspection import QueueCounts
from taskhub.engine.port.retry_policy import RetryPolicy
from tests.contract.stage import Clock, claim_all, claim_one, completion, ids, message


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


def test_many_messages_go_to_their_queues_by_priority(engine: Engine) -> None:
    engine.enqueue([message("first", "a")])
    engine.enqueue(
        [message(f"id{number}", "ab"[number % 2], priority=number % 10) for number in range(1500)]
    )

    batch = engine.claim("w1", ["a", "b"], 2000)

    expected = [f"id{number}" for number in sorted(range(1500), key=lambda number: -(number % 10))]
    found = ids(batch.claims)
    found.remove("first")
    assert found == expected


def test_an_id_that_comes_twice_among_many_runs_twice(engine: Engine) -> None:
    names = [f"id{number % 40}" for number in range(50)]
    engine.enqueue([message(name) for name in names])

    claims = engine.claim("w1", ["default"], 100).claims

    assert ids(claims) == names
    assert len({claim.key for claim in claims}) == 50


def test_some_of_many_messages_may_be_delayed(engine: Engine, clock: Clock) -> None:
    engine.enqueue([message(f"id{number}", delay=5000 * (number % 2)) for number in range(30)])

    assert ids(engine.claim("w1", ["default"], 100).claims) == [
        f"id{number}" for number in range(0, 30, 2)
    ]
    clock.advance(5000)
    assert len(engine.claim("w1", ["default"], 100).claims) == 15


def test_messages_that_a_commit_publishes_keep_their_order(engine: Engine) -> None:
    engine.enqueue([message("parent")])
    names = [f"id{number}" for number in range(2100)]

    published = [message(name) for name in names]
    assert engine.commit("w1", [completion(claim_one(engine), publish=published)]) == [True]

    assert ids(engine.claim("w1", ["default"], 3000).claims) == names


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
    assert engine.commit("w1", [completion(first), completion(second)]) == [True, True]


def test_a_second_message_with_the_id_of_a_claimed_one_runs_too(engine: Engine) -> None:
    engine.enqueue([message("id", body=b"first")])
    first = claim_one(engine, "w1")
    engine.enqueue([message("id", body=b"second")])
    assert engine.commit("w1", [completion(first)]) == [True]

    second = claim_one(engine, "w2")

    assert second.body == b"second"
    assert second.task_id == "id"
    assert engine.commit("w2", [completion(second)]) == [True]


def test_a_second_message_with_the_id_of_a_delayed_one_runs_too(
    engine: Engine,
) -> None:
    engine.enqueue([message("id", body=b"later", eta=1)])
    engine.enqueue([message("id", body=b"now")])

    assert {claim.body for claim in claim_all(engine)} == {b"later", b"now"}


def test_an_id_is_free_again_after_the_end(engine: Engine) -> None:
    engine.enqueue([message("id")])
    engine.commit("w1", [completion(claim_one(engine))])
    engine.enqueue([message("id")])

    assert claim_one(engine).key == "id"


def test_calls_of_many_threads_are_all_stored(engine: Engine) -> None:
    def send(thread: int) -> None:
        for number in range(20):
            engine.enqueue([message(f"t{thread}-{number}")], retry=RetryPolicy())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    assert len(claim_all(engine)) == 160


def test_calls_of_a_forked_process_are_all_stored(engine: Engine) -> None:
    if not engine.stores.is_shared:
        pytest.skip("another process has another memory")

    def send(name: str) -> None:
        for number in range(10):
            engine.enqueue([message(f"{name}-{number}")], retry=RetryPolicy())

    send("before")
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            send("child")
            os._exit(0)
        os._exit(1)
    send("parent")
    assert os.waitpid(child, 0)[1] == 0
    assert len(claim_all(engine)) == 30
