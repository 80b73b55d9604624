"""A server that accepts connections and does not answer: nobody hangs."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from taskhub.engine.port.notifier import Notifier
from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.redis.engine import RedisEngine
from taskhub.exceptions import OperationalError
from tests.contract.stage import claim_one, completion, ids, message
from tests.integration.engine.conftest import MakeEngine
from tests.support.servers import Server

TIMEOUT = 0.2
OPTIONS = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
#: All tries of a steady call, with their pauses, and time for a busy machine.
BOUND = 8 * TIMEOUT + 3.0

VERBS: dict[str, Callable[[RedisEngine], object]] = {
    "enqueue": lambda engine: engine.enqueue([message("id")], retry=RetryPolicy()),
    "exchange": lambda engine: engine.exchange("w1", (), ["default"], 1),
    "reconcile": lambda engine: engine.reconcile("w1", []),
    "renew": lambda engine: engine.renew(["w1"], 1000),
    "release": lambda engine: engine.reclaim("w1"),
    "revoke": lambda engine: engine.revoke("revoker", ["id"], 1000),
    "purge": lambda engine: engine.purge("default"),
    "store_state": lambda engine: engine.store_state("id", "{}", None),
    "documents": lambda engine: engine.documents(["id"]),
    "queues": lambda engine: engine.queues(),
    "ping": lambda engine: engine.ping(),
}


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener.getsockname()[1]


def gives_up(url: str, make_engine: MakeEngine, stop_answering: Callable[[], object]) -> None:
    """Check that each verb gives up in time; all wait at a time, each on an engine of its own."""
    engines = {verb: make_engine(url, broker_options=OPTIONS) for verb in VERBS}
    stop_answering()

    def take(verb: str) -> tuple[str, float]:
        began = time.monotonic()
        try:
            VERBS[verb](engines[verb])
        except OperationalError:
            return "gave up", time.monotonic() - began
        except Exception as error:
            return repr(error), time.monotonic() - began
        return "returned", time.monotonic() - began

    with ThreadPoolExecutor(len(VERBS)) as threads:
        found = dict(zip(VERBS, threads.map(take, VERBS), strict=True))
    wrong = {
        verb: (outcome, seconds)
        for verb, (outcome, seconds) in found.items()
        if outcome != "gave up" or seconds >= BOUND
    }
    assert wrong == {}


def test_every_verb_gives_up_in_time(silent_port: int, make_engine: MakeEngine) -> None:
    gives_up(f"redis://127.0.0.1:{silent_port}/0", make_engine, lambda: None)


def test_every_verb_gives_up_when_a_server_stands_still(
    server: Server, make_engine: MakeEngine
) -> None:
    engines: list[RedisEngine] = []

    def make(url: str, **options: Any) -> RedisEngine:
        engines.append(make_engine(url, **options))
        return engines[-1]

    def stop_answering() -> None:
        for engine in engines:
            engine.ping()
        server.pause()

    gives_up(server.url, make, stop_answering)


def test_a_producer_outlasts_a_pause_and_stores_once(
    server: Server, make_engine: MakeEngine
) -> None:
    """The tries that timed out still wait in the server's sockets, and are served later."""
    engine = make_engine(server.url, broker_options=OPTIONS)
    engine.enqueue([message("first")])
    policy = RetryPolicy(max_retries=None, interval_max=0.02)
    server.pause()
    producer = threading.Thread(
        target=lambda: engine.enqueue([message("id")], retry=policy), daemon=True
    )
    producer.start()
    producer.join(3 * TIMEOUT)
    server.resume()
    producer.join(10)

    assert not producer.is_alive()
    assert ids(engine.waiting("default", 0, 9)) == ["first", "id"]


def test_an_ending_sent_into_a_pause_is_written_once(
    server: Server, make_engine: MakeEngine
) -> None:
    engine = make_engine(server.url, broker_options=OPTIONS)
    engine.enqueue([message("id")])
    completions = [completion(claim_one(engine), publish=[message("next")])]
    server.pause()
    with pytest.raises(OperationalError):
        engine.commit("w1", completions)
    server.resume()

    engine.commit("w1", completions)

    assert engine.commit("w1", completions) == [False]
    assert ids(engine.waiting("default", 0, 9)) == ["next"]


def test_a_notifier_notices(server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(server.url)
    with closing(engine.notifier(["default"])) as notifier:
        notifier.wait(0.05)
        server.pause()
        with pytest.raises(OperationalError, match="stopped answering"):
            listen(notifier, 20)


def listen(notifier: Notifier, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        notifier.wait(1.0)


def test_a_waiting_notifier_can_be_woken(server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(server.url)
    with closing(engine.notifier(["default"])) as notifier:
        notifier.wait(0.05)
        server.pause()
        timer = threading.Timer(0.1, notifier.interrupt)
        timer.start()
        began = time.monotonic()
        assert not notifier.wait(30)
        assert time.monotonic() - began < 5.0
        timer.join()
