"""Messages that are claimed for a worker with a free thread when they are enqueued, and sent to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from queue import SimpleQueue

import pytest
import redis

from taskhub.config.urls import parse_store_url
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.notifier import Notifier, Receiver
from taskhub.engine.redis.engine import RedisEngine
from taskhub.exceptions import StoreRefused
from taskhub.execution.outcomes import unrunnable
from taskhub.message import Envelope, encode_body
from tests.contract.stage import completion, ids, is_notified, message
from tests.support.refusals import Refusal, Refusals, installed
from tests.support.servers import Server, start_valkey
from tests.support.workers import until

NS = "{taskhub}"
BODY = encode_body({"actor_name": "task", "args": [], "kwargs": {}, "options": {}})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_valkey(tmp_path_factory.mktemp("store"), args=("--appendonly", "no"))
    yield running
    running.kill()


@pytest.fixture
def client(store: Server) -> Iterator[redis.Redis]:
    with redis.Redis(unix_socket_path=str(store.socket)) as client:
        yield client
        client.flushall()


@pytest.fixture
def engine(store: Server, client: redis.Redis) -> Iterator[RedisEngine]:
    with closing(RedisEngine(parse_store_url(store.socket_url))) as engine:
        yield engine


@contextmanager
def receiving(
    engine: RedisEngine, worker: str = "w1", room: int = 2, queues: Sequence[str] = ("default",)
) -> Iterator[Notifier]:
    with closing(engine.notifier(queues, Receiver(worker, room))) as notifier:
        notifier.wait(0.0)
        assert notifier.is_receiving
        yield notifier


def received(notifier: Notifier, count: int = 1) -> list[Claim]:
    """Return what was sent to a worker; each ends its wait, as a notification does."""
    began, claims = time.monotonic(), list(notifier.receive())
    while len(claims) < count:
        notifier.wait(10.0)
        claims += notifier.receive()
        assert time.monotonic() - began < 5
    return claims


def call(name: str) -> Envelope:
    """Return a message that an exchange loop can open."""
    return Envelope(name, "default", 5, BODY)


def is_ready(engine: RedisEngine, name: str, queue: str = "default") -> bool:
    return name in ids(engine.waiting(queue, 0, 9))


def test_a_message_goes_to_a_worker_with_a_free_thread(engine: RedisEngine) -> None:
    with receiving(engine) as notifier:
        engine.enqueue([message("a", priority=7)])
        (sent,) = received(notifier)
        assert (sent.task_id, sent.priority, sent.delivery) == ("a", 7, 1)
        assert engine.held("w1") == {"a": sent.token}
        assert not is_ready(engine, "a")
        assert not is_notified(engine)
        # It is a claim as any other: requeued to its position, claimed again, committed.
        assert engine.requeue("w1", ["a"]) == ["a"]
        (again,) = engine.claim("w1", ["default"], 5).claims
        assert again._replace(claimed_at=None) == sent._replace(claimed_at=None)
        assert engine.commit("w1", [completion(again)]) == [True]


def test_no_more_is_sent_than_there_is_room_for(engine: RedisEngine) -> None:
    with receiving(engine) as notifier:
        for name in "ab":
            engine.enqueue([message(name)])
        sent = received(notifier, 2)
        assert ids(sent) == ["a", "b"]
        engine.enqueue([message("c")])
        assert is_ready(engine, "c")
        assert notifier.wait(10.0), "it is notified of what waits"
        # What waits is first.
        engine.commit("w1", [completion(claim) for claim in sent])
        engine.enqueue([message("d")])
        assert ids(engine.waiting("default", 0, 9)) == ["c", "d"]


KEPT: dict[str, Callable[[RedisEngine], object]] = {
    "another queue": lambda engine: engine.enqueue([message("a", "other")]),
    "delayed": lambda engine: engine.enqueue([message("a", delay=60_000)]),
    "several": lambda engine: engine.enqueue([message("a"), message("b")]),
    "paused": lambda engine: (
        engine.pause_queue("default", "me", ""),
        engine.enqueue([message("a")]),
    ),
    "revoked": lambda engine: (engine.revoke("me", ["a"], 60_000), engine.enqueue([message("a")])),
}


@pytest.mark.parametrize("case", KEPT)
def test_a_message_about_which_a_claim_decides_is_not_sent(engine: RedisEngine, case: str) -> None:
    with receiving(engine) as notifier:
        KEPT[case](engine)
        notifier.wait(0.05)
        assert not notifier.receive()
        assert not engine.held("w1")


def test_a_worker_that_is_gone_is_sent_nothing(engine: RedisEngine, client: redis.Redis) -> None:
    with receiving(engine):
        pass
    until(lambda: not client.client_list(_type="pubsub"), "the server to notice")
    engine.enqueue([message("a")])
    assert is_ready(engine, "a")
    assert not client.hgetall(f"{NS}:receiving")
    # The next to register leaves nothing of it.
    with receiving(engine, "w2"):
        assert client.smembers(f"{NS}:receivers:default") == {b"w2"}


def test_what_was_not_received_is_requeued(engine: RedisEngine) -> None:
    with receiving(engine) as notifier:
        engine.enqueue([message("a")])
        assert engine.reconcile("w1", []) == ["a"]
        # What is on its way belongs to nobody, and nothing more is sent.
        engine.enqueue([message("b")])
        notifier.drop_received()
        assert ids(engine.waiting("default", 0, 9)) == ["a", "b"]
        engine.claim("w2", ["default"], 5)
        # The next wait begins anew.
        notifier.wait(0.0)
        engine.enqueue([message("c")])
        assert ids(received(notifier)) == ["c"]


def test_a_lost_worker_is_sent_nothing_more(engine: RedisEngine) -> None:
    with receiving(engine) as notifier:
        engine.enqueue([message("a")])
        assert engine.reclaim("w1") == 1
        engine.claim("w2", ["default"], 5)
        engine.enqueue([message("b")])
        assert is_ready(engine, "b")
        assert ids(notifier.receive()) == ["a"]


def test_whatever_is_refused_a_message_is_in_one_place(store: Server, client: redis.Redis) -> None:
    refusals = Refusals(client)
    outcomes = set()
    with installed(), closing(RedisEngine(parse_store_url(store.socket_url))) as engine:
        for number in range(1, 20):
            client.flushall()
            with receiving(engine) as notifier:
                refusals.begin(Refusal(script="enqueue", number=number, times=1))
                try:
                    engine.enqueue([message("a")], retry=None)
                except StoreRefused:
                    outcomes.add("refused")
                    expected = (False, False, False)
                else:
                    held = bool(engine.held("w1"))
                    outcomes.add("sent" if held else "enqueued")
                    expected = (held, not held, True)
                refusals.end()
                stored = client.hexists(f"{NS}:messages", "a")
                found = (bool(engine.held("w1")), is_ready(engine, "a"), bool(stored))
                assert found == expected, f"command {number}"
                assert ids(notifier.receive()) == (["a"] if found[0] else []), f"command {number}"
    assert outcomes == {"refused", "sent", "enqueued"}


def test_a_user_without_channels_works_without(store: Server, client: redis.Redis) -> None:
    client.acl_setuser(
        "poor", enabled=True, passwords=["+secret"], keys=["*"], categories=["+@all"], reset=True
    )
    url = f"redis+socket://poor:secret@{store.socket}"
    with (
        closing(RedisEngine(parse_store_url(url))) as engine,
        closing(engine.notifier(["default"], Receiver("w1", 2))) as notifier,
    ):
        assert not notifier.wait(0.0)
        assert not notifier.is_receiving
        engine.enqueue([message("a")])
        assert notifier.wait(10.0)
    client.acl_deluser("poor")


@pytest.fixture
def taken() -> SimpleQueue[Delivery]:
    return SimpleQueue()


@pytest.fixture
def loop(engine: RedisEngine, taken: SimpleQueue[Delivery]) -> Iterator[ExchangeLoop]:
    def hand_over(delivery: Delivery) -> bool:
        taken.put(delivery)
        return True

    loop = ExchangeLoop(
        engine, "w1", 2, hand_over=hand_over, withdraw=lambda: (), reject=unrunnable
    )
    loop.add_queue("default")
    loop.start()
    yield loop
    loop.finish(10.0)


def test_a_loop_hands_over_what_it_is_sent(
    engine: RedisEngine, client: redis.Redis, loop: ExchangeLoop, taken: SimpleQueue[Delivery]
) -> None:
    until(lambda: client.hgetall(f"{NS}:receiving"), "the worker to register")
    client.config_resetstat()
    engine.enqueue([call("a")])
    delivery = taken.get(timeout=10)
    assert loop.holds(delivery.claim)
    assert "cmdstat_zpopmin" not in client.info("commandstats"), "it was not claimed"
    loop.complete(delivery, completion(delivery.claim).outcome, 0.0)
    # It serves another queue from now on: a message on its way is not lost with the subscription.
    engine.enqueue([call("b")])
    loop.add_queue("other")
    assert taken.get(timeout=10).claim.task_id == "b"
    until(lambda: b"other" in client.hgetall(f"{NS}:receiving").get(b"w1", b""), "both queues")
    # When it drains it is sent nothing.
    loop.stop_claiming()
    until(lambda: not client.hgetall(f"{NS}:receiving"), "the worker to receive no more")
    engine.enqueue([message("c")])
    assert is_ready(engine, "c")


def test_a_loop_whose_subscription_is_cut_loses_nothing(
    engine: RedisEngine, client: redis.Redis, loop: ExchangeLoop, taken: SimpleQueue[Delivery]
) -> None:
    until(lambda: client.hgetall(f"{NS}:receiving"), "the worker to register")
    for number in range(5):
        client.client_kill_filter(_type="pubsub")
        engine.enqueue([call(f"m{number}")])
        delivery = taken.get(timeout=10)
        loop.complete(delivery, completion(delivery.claim).outcome, 0.0)
        until(lambda: not engine.held("w1"), "the commit")
    until(lambda: client.hgetall(f"{NS}:receiving"), "the worker to register again")
