"""What the server refuses: one outcome alone, with a reason, while all others are written."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest
import redis

from taskhub import states
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.redis.engine import RedisEngine
from taskhub.engine.redis.staging import PAGE
from taskhub.exceptions import StoreRefused
from taskhub.execution.outcomes import unrunnable
from taskhub.message import Envelope, encode_body
from taskhub.outcome import ChordPart, ChordPlan, Outcome
from tests.contract.stage import message
from tests.integration.engine.conftest import MakeEngine
from tests.support.servers import Server
from tests.support.workers import until as until_true

BODY = encode_body({"actor_name": "task", "args": [], "kwargs": {}, "options": {}})


@pytest.fixture
def engine(any_server: Server, make_engine: MakeEngine) -> RedisEngine:
    return make_engine(any_server.socket_url)


@pytest.fixture
def client(any_server: Server) -> Iterator[redis.Redis]:
    with redis.Redis(unix_socket_path=str(any_server.socket)) as client:
        yield client


def until(holds: Callable[[], object], timeout: float = 20.0) -> None:
    until_true(holds, "the states that are expected", timeout)


Run = Callable[[dict[str, Outcome]], None]


@pytest.fixture
def run(engine: RedisEngine) -> Iterator[Run]:
    """Return a function that ends messages by the given outcomes, all in one commit."""
    taken: SimpleQueue[Delivery] = SimpleQueue()

    def hand_over(delivery: Delivery) -> bool:
        taken.put(delivery)
        return True

    exchange_loop = ExchangeLoop(
        engine, "w1", 8, hand_over=hand_over, withdraw=lambda: (), reject=unrunnable
    )
    exchange_loop.add_queue("default")
    exchange_loop.start()

    def end(outcomes: dict[str, Outcome]) -> None:
        engine.enqueue([Envelope(name, "default", 5, BODY) for name in outcomes])
        deliveries = [taken.get(timeout=10) for _ in outcomes]
        for delivery in deliveries:
            exchange_loop.complete(delivery, outcomes[delivery.claim.task_id], 0.001)

    yield end
    exchange_loop.finish(5.0)


def success(name: str, **fields: object) -> Outcome:
    return Outcome(name, states.SUCCESS, f'{{"status": "SUCCESS", "task_id": "{name}"}}')._replace(
        **fields
    )


def states_of(engine: RedisEngine, *names: str) -> list[str | None]:
    found = engine.documents(names)
    return [None if text is None else json.loads(text)["status"] for text in found]


def test_one_refused_outcome_is_a_failure_and_the_others_are_written(
    engine: RedisEngine, run: Run
) -> None:
    good = [f"good{number}" for number in range(7)]

    run({"bad": success("bad", ttl=-1), **{name: success(name) for name in good}})

    until(lambda: states_of(engine, "bad", *good) == ["FAILURE"] + ["SUCCESS"] * 7)
    (letter,) = engine.dead_letters(0, 9)
    assert letter.key == "bad"
    assert "invalid expire" in json.loads(letter.reason)["detail"]
    assert not engine.held("w1")


def test_an_outcome_that_cannot_be_packed_is_a_failure(engine: RedisEngine, run: Run) -> None:
    part = ChordPart("chord", None, "1")  # type: ignore[arg-type]  # what a bad header led to

    run({"bad": success("bad", parts=(part,)), "good": success("good")})

    until(lambda: states_of(engine, "bad", "good") == ["FAILURE", "SUCCESS"])


def test_a_key_of_another_type_refuses_only_the_outcome_that_needs_it(
    engine: RedisEngine, client: redis.Redis, run: Run
) -> None:
    client.set("{taskhub}:chord:c", "not a chord")

    run({"bad": success("bad", parts=(ChordPart("c", 0, "1"),)), "good": success("good")})

    until(lambda: states_of(engine, "bad", "good") == ["FAILURE", "SUCCESS"])
    assert client.get("{taskhub}:chord:c") == b"not a chord"


def test_a_result_is_stored_over_a_key_of_another_type(
    engine: RedisEngine, client: redis.Redis, run: Run
) -> None:
    client.hset("celery-task-meta-a", "field", "value")

    run({"a": success("a")})

    until(lambda: states_of(engine, "a") == ["SUCCESS"])


def test_a_result_that_the_server_takes_for_too_large_ends_alone(
    engine: RedisEngine, client: redis.Redis, run: Run
) -> None:
    client.config_set("proto-max-bulk-len", 1024 * 1024)
    try:
        large = success("large")._replace(
            document=json.dumps({"status": "SUCCESS", "x": "x" * 2_000_000})
        )
        run({"large": large, "good": success("good")})

        until(lambda: states_of(engine, "large", "good") == ["FAILURE", "SUCCESS"], timeout=30)
    finally:
        client.config_set("proto-max-bulk-len", 512 * 1024 * 1024)


def test_what_is_no_message_is_in_nobodys_way(
    engine: RedisEngine, client: redis.Redis, run: Run
) -> None:
    client.hset("{taskhub}:messages", b"\xff\xfe", b"no line breaks")
    client.zadd("{taskhub}:queue:default", {b"\xff\xfe": 1})
    client.zadd("{taskhub}:delayed", {b"no line breaks": 1})

    run({"good": success("good")})

    until(lambda: states_of(engine, "good") == ["SUCCESS"])
    until(lambda: engine.dead_count() == 1 and not client.hlen("{taskhub}:messages"))
    assert not client.zcard("{taskhub}:delayed")


def test_a_queue_of_another_type_does_not_stop_the_others(
    engine: RedisEngine, client: redis.Redis
) -> None:
    client.set("{taskhub}:queue:broken", "not a queue")
    engine.enqueue([message("a")])

    batch = engine.claim("w", ["broken", "default"], 5)

    assert [claim.task_id for claim in batch.claims] == ["a"]
    assert "broken" in batch.trouble


def test_pages_of_a_call_are_there_at_once_or_not_at_all(
    engine: RedisEngine, client: redis.Redis
) -> None:
    """A caller that dies between the pages leaves nothing that anybody sees, and that ends by itself."""
    messages = [message(f"m{number}") for number in range(3 * PAGE + 7)]
    client.set("{taskhub}:chord:c", "not a chord")

    with pytest.raises(StoreRefused):
        engine.enqueue(messages, chords=[ChordPlan("c", len(messages), (message("body"),))])

    assert not client.exists("{taskhub}:messages", "{taskhub}:queue:default")
    (staged,) = client.keys("{taskhub}:staged:*")
    assert 0 < client.pttl(staged) <= 60_000

    client.delete("{taskhub}:chord:c")
    engine.enqueue(messages, chords=[ChordPlan("c", len(messages), (message("body"),))])

    assert client.zcard("{taskhub}:queue:default") == len(messages)
    assert len(client.keys("{taskhub}:staged:*")) == 1
    engine.purge("default")


def test_a_refused_call_is_not_repeated(engine: RedisEngine, client: redis.Redis) -> None:
    client.set("{taskhub}:queue:default", "not a queue")
    began = time.monotonic()

    with pytest.raises(StoreRefused, match="WRONGTYPE"):
        engine.enqueue([message("a")], retry=RetryPolicy(max_retries=100, interval_start=1.0))

    assert time.monotonic() - began < 10
    assert not client.hlen("{taskhub}:messages")


def test_an_idle_connection_that_the_server_has_closed_is_opened_anew(
    engine: RedisEngine, client: redis.Redis
) -> None:
    engine.enqueue([message("a")])
    client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and time.monotonic() - engine._pool._idle[0]._used_at < 1.1:
        time.sleep(0.1)

    engine.enqueue([message("b")], retry=None)

    assert client.zcard("{taskhub}:queue:default") == 2
