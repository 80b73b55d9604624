"""A server that goes away and comes back."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.exceptions import OperationalError
from tests.contract.stage import claim_one, completion, ids, message, state_of
from tests.integration.engine.conftest import MakeEngine
from tests.support.servers import Server, start_valkey


def test_what_was_confirmed_survives_a_crash(server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(server.url)
    engine.enqueue([message("a"), message("b"), message("later", delay=60_000)])
    claim = claim_one(engine)
    server.kill()
    server.start()

    assert engine.held("w1") == {"a": claim.token}
    assert ids(engine.waiting("default", 0, 9)) == ["b"]
    assert [delayed.envelope.task_id for delayed in engine.delayed(0, 9)] == ["later"]


def test_producers_go_on_through_restarts(server: Server, make_engine: MakeEngine) -> None:
    """Each message is stored once, or its producer was told within the time of its policy."""
    engine = make_engine(server.url)
    policy = RetryPolicy(max_retries=100, interval_start=0.0, interval_step=0.02, interval_max=0.1)
    stored: list[str] = []
    failures: list[BaseException] = []
    stopping = threading.Event()

    def produce(name: str) -> None:
        number = 0
        while not stopping.is_set():
            task_id = f"{name}-{number}"
            try:
                engine.enqueue([message(task_id)], retry=policy)
                stored.append(task_id)
            except BaseException as error:
                failures.append(error)
            number += 1

    producers = [threading.Thread(target=produce, args=(name,)) for name in "abc"]
    for producer in producers:
        producer.start()
    for _ in range(2):
        before = len(stored)
        wait_until(lambda before=before: len(stored) > before + 30)
        server.kill()
        server.start()
    before = len(stored)
    wait_until(lambda: len(stored) > before + 30)
    stopping.set()
    for producer in producers:
        producer.join(20)

    assert failures == []
    waiting = ids(engine.waiting("default", 0, 10**6))
    assert sorted(waiting) == sorted(stored)


def test_a_producer_is_told_in_time(server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(server.url)
    engine.enqueue([message("id")])
    server.stop()
    policy = RetryPolicy(max_retries=3, interval_start=0.0, interval_step=0.05, interval_max=0.1)

    for retry in (None, policy):
        began = time.monotonic()
        with pytest.raises(OperationalError, match=rf"127\.0\.0\.1:{server.port}"):
            engine.enqueue([message("id")], retry=retry)
        assert time.monotonic() - began < 3.0


def test_a_producer_may_wait_for_ever(server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(server.url)
    server.stop()
    policy = RetryPolicy(max_retries=None, interval_max=0.05)
    producer = threading.Thread(
        target=lambda: engine.enqueue([message("id")], retry=policy), daemon=True
    )
    producer.start()
    producer.join(0.2)
    assert producer.is_alive()
    server.start()
    producer.join(10)

    assert not producer.is_alive()
    assert ids(engine.waiting("default", 0, 9)) == ["id"]


def test_a_worker_ends_its_tasks_after_a_restart(server: Server, make_engine: MakeEngine) -> None:
    engine = make_engine(server.url)
    engine.enqueue([message("id"), message("next")])
    claim = claim_one(engine)
    server.stop()
    with pytest.raises(OperationalError):
        engine.exchange("w1", [completion(claim)], ["default"], 1)
    server.start()

    assert engine.reconcile("w1", ["id"]) == []
    exchange = engine.exchange("w1", [completion(claim)], ["default"], 1)

    assert exchange.committed == [True]
    assert exchange.batch is not None
    assert ids(exchange.batch.claims) == ["next"]
    assert state_of(engine, "id") == "SUCCESS"


def test_reads_ride_out_a_restart(server: Server, make_engine: MakeEngine) -> None:
    """A connection that broke in the meantime is no reason to fail."""
    engine = make_engine(server.url)
    engine.enqueue([message("id")])
    server.restart()

    assert ids(engine.waiting("default", 0, 9)) == ["id"]
    assert engine.documents(["id"]) == [None]
    server.restart()
    engine.purge("default")


def test_a_notifier_tells_that_the_server_is_gone_and_rings_again(
    server: Server, make_engine: MakeEngine
) -> None:
    engine = make_engine(server.url)
    notifier = engine.notifier(["default"])
    assert not notifier.wait(0.05)
    server.stop()
    began = time.monotonic()
    with pytest.raises(OperationalError):
        notifier.wait(10)
    with pytest.raises(OperationalError):
        notifier.wait(10)
    assert time.monotonic() - began < 5.0
    server.start()
    notifier.wait(0.05)
    engine.enqueue([message("id")])

    assert notifier.wait(10)
    notifier.close()


def test_a_server_that_was_made_a_replica_is_left(
    server: Server, make_engine: MakeEngine, tmp_path: Path
) -> None:
    """Its connections stay open, and must not be kept: the address may soon lead to the new master."""
    import redis

    engine = make_engine(server.url)
    engine.enqueue([message("id")])
    with redis.Redis(port=server.port) as client, start_valkey(tmp_path / "master") as master:
        client.replicaof("127.0.0.1", master.port)
        with pytest.raises(OperationalError, match="is not ready"):
            engine.enqueue([message("id")])
        with pytest.raises(OperationalError, match="is a replica, not a master"):
            engine.enqueue([message("id")])
        client.replicaof("NO", "ONE")

        engine.enqueue([message("again")])


def wait_until(condition: object, timeout: float = 20.0) -> None:
    """Wait until a condition holds."""
    assert callable(condition)
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it did not come to it"
        time.sleep(0.005)
