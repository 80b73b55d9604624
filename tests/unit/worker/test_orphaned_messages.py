"""Which messages are held by no thread any more."""

from __future__ import annotations

import threading
from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.worker import WorkerThread

from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.work_queue import WorkQueue
from taskhub.engine.port.claims import Claim
from taskhub.message import encode_body
from taskhub.worker import orphaned_messages as orphaned


def claim(key: str, delivery: int = 1) -> Claim:
    body = encode_body(
        {
            "queue_name": "default",
            "actor_name": "add",
            "args": (),
            "kwargs": {},
            "options": {},
            "message_id": key,
            "message_timestamp": 0,
        }
    )
    return Claim(key, f"{delivery}:1", key, "default", 5, body, delivery=delivery)


def test_a_claim_is_orphaned_when_nobody_had_it_at_two_looks() -> None:
    search = orphaned.OrphanSearch(orphaned.CHECKS)
    lost, running = claim("lost"), claim("running")
    found, search = search.check([lost, running], {orphaned.delivery_id(running)})
    assert found == []
    found, search = search.check([lost, running], {orphaned.delivery_id(running)})
    assert found == [lost]


def test_one_that_was_on_its_way_at_the_first_look_is_not() -> None:
    search = orphaned.OrphanSearch(orphaned.CHECKS)
    _, search = search.check([claim("a")], set())
    # Claimed again since: another delivery.
    assert search.check([claim("a", 2)], set())[0] == []
    assert search.check([claim("a")], {orphaned.delivery_id(claim("a"))})[0] == []


def test_without_a_death_nothing_is_searched_and_a_search_ends() -> None:
    assert orphaned.OrphanSearch().check([claim("a")], set()) == ([], orphaned.OrphanSearch())
    search = orphaned.OrphanSearch(orphaned.CHECKS)
    for _ in range(orphaned.CHECKS):
        _, search = search.check([], set())
    assert search.checks_left == 0


def test_what_a_thread_works_on_is_seen_in_its_frames() -> None:
    begun, go = threading.Event(), threading.Event()
    broker = StubBroker(middleware=[])

    @dramatiq.actor(broker=broker, actor_name="add")
    def add() -> None:
        begun.set()
        go.wait(10)

    class Consumer:
        def post_process_message(self, message: Any) -> None:
            """Nothing is kept."""

    delivery = Delivery(claim("mine"))
    consumers: Any = {"default": Consumer()}
    queue: Any = WorkQueue()
    worker = WorkerThread(broker=broker, consumers=consumers, work_queue=queue, worker_timeout=100)
    worker.run = lambda: worker.process_message(delivery)  # type: ignore[method-assign]
    worker.start()
    try:
        assert begun.wait(10)
        assert orphaned.begun_deliveries([worker]) == {orphaned.delivery_id(delivery.claim)}
        assert orphaned.begun_deliveries([threading.current_thread()]) == set()
    finally:
        go.set()
        worker.join(10)
