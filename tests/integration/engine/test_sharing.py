"""One engine in many threads, and on both sides of a fork."""

from __future__ import annotations

import os
import signal
import threading
import time
import warnings

import pytest
import redis

from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.engine import RedisEngine
from tests.contract.stage import claim_one, completion, ids, message, state_of
from tests.contract.test_documents import Heard, store
from tests.integration.engine.conftest import MakeEngine
from tests.support.servers import Server
from tests.support.workers import until

THREADS = 8


def in_threads(*works: object) -> None:
    """Run these at the same time, and raise what one of them raised."""
    failures: list[BaseException] = []

    def run(work: object) -> None:
        try:
            assert callable(work)
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_many_threads_enqueue_at_once(server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(server.socket_url)

    def produce(name: int) -> None:
        for number in range(100):
            engine.enqueue([message(f"{name}-{number}")], retry=RetryPolicy())

    in_threads(*(lambda name=name: produce(name) for name in range(THREADS)))

    found = ids(engine.waiting("default", 0, 10_000))
    assert sorted(found) == sorted(f"{a}-{b}" for a in range(THREADS) for b in range(100))
    for name in range(THREADS):
        mine = [task_id for task_id in found if task_id.startswith(f"{name}-")]
        assert mine == [f"{name}-{number}" for number in range(100)]
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        # One connection per thread, not one per call; and this client's.
        assert len(client.client_list()) <= THREADS + 1


@pytest.mark.parametrize("limit", [0, 2])
def test_connections_that_nobody_uses_are_closed(
    server: Server, make_engine: MakeEngine, limit: int
) -> None:
    engine = make_engine(server.socket_url, rules=EngineRules(idle_connections=limit))
    with redis.Redis(unix_socket_path=str(server.socket)) as client:
        client.ping()
        server.pause()
        calls = [threading.Thread(target=engine.waiting, args=("default", 0, 1)) for _ in range(8)]
        for call in calls:
            call.start()
        server.resume()
        for call in calls:
            call.join()

        until(lambda: len(client.client_list()) == limit + 1, "the others are closed")
    assert engine.waiting("default", 0, 1) == []


def test_many_threads_work_at_once(server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(server.socket_url)
    engine.enqueue([message(f"id{number}") for number in range(400)])
    ended: list[str] = []

    def work(worker: str) -> None:
        completions = []
        while True:
            exchange = engine.exchange(worker, completions, ["default"], 3)
            assert all(exchange.committed)
            assert exchange.batch is not None
            completions = [completion(claim) for claim in exchange.batch.claims]
            ended.extend(claim.task_id for claim, *_ in completions)
            if not completions:
                return

    in_threads(*(lambda name=name: work(f"w{name}") for name in range(4)))

    assert sorted(ended) == sorted(f"id{number}" for number in range(400))


def use_everything(engine: RedisEngine, name: str) -> None:
    """Use every kind of connection that an engine has."""
    engine.enqueue([message(name, name)], retry=RetryPolicy())
    notifier = engine.notifier([name])
    assert notifier.wait(10)
    notifier.close()
    claim = claim_one(engine, name, name)
    assert claim.task_id == name
    heard = Heard()
    with engine.follow([name], heard):
        assert engine.commit(name, [completion(claim)]) == [True]
        heard.wait(name)
    assert state_of(engine, name) == "SUCCESS"


def test_a_forked_child_has_connections_of_its_own(server: Server, make_engine: MakeEngine) -> None:
    engine, heard = make_engine(server.socket_url), Heard()
    use_everything(engine, "before")
    with engine.follow(["late"], heard):
        children = [fork(engine, f"child{number}") for number in range(2)]
        for number in range(20):
            use_everything(engine, f"parent{number}")
        for child in children:
            assert end_of(child) == 0
        store(engine, "late")
        heard.wait("late")

    assert state_of(engine, "child0") == state_of(engine, "child1") == "SUCCESS"


def fork(engine: RedisEngine, name: str) -> int:
    """Let a child use the engine from several threads; return its process id."""
    with warnings.catch_warnings():
        # Of forking while there are threads: just that is to work.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    try:
        in_threads(
            lambda: use_everything(engine, name), lambda: use_everything(engine, f"{name}-2")
        )
        engine.close()
        os._exit(0)
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(1)


def end_of(child: int) -> int:
    """Return a child's exit code, waiting for it for a while."""
    deadline = time.monotonic() + 30
    while True:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.01)
