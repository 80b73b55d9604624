"""Waiting for results in a real store."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.exceptions import TimeoutError
from taskhub.result import AsyncResult, GroupResult
from tests.support.servers import Server


def wait_until(met: Callable[[], bool], what: str) -> None:
    """Poll until something is the case."""
    deadline = time.monotonic() + 20
    while not met():
        if time.monotonic() > deadline:
            pytest.fail(f"not in time: {what}")
        time.sleep(0.005)


def subscribed(app: Celery) -> int:
    """Return how many channels the server's clients listen to."""
    import redis

    with redis.Redis.from_url(app.conf.broker_url) as client:
        return len(client.pubsub_channels("celery-task-meta-*"))


def ids(count: int) -> list[str]:
    """Return new task ids."""
    return [str(uuid.uuid4()) for _ in range(count)]


def test_a_hundred_threads_wait_for_a_hundred_results(app: Celery, worker: Celery) -> None:
    names = ids(100)
    values: dict[str, Any] = {}

    def wait(name: str) -> None:
        values[name] = AsyncResult[Any](name, app=app).get(timeout=30)

    threads = [threading.Thread(target=wait, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    wait_until(lambda: subscribed(app) == 100, "100 subscriptions")
    for number, name in enumerate(names):
        worker.backend.store_result(name, number, states.SUCCESS)
    for thread in threads:
        thread.join()

    assert values == {name: number for number, name in enumerate(names)}
    wait_until(lambda: subscribed(app) == 0, "no subscription left")


def test_results_stored_before_during_and_after(app: Celery, worker: Celery) -> None:
    before, during = ids(2)
    worker.backend.store_result(before, 1, states.SUCCESS)
    assert AsyncResult[Any](before, app=app).get(timeout=10) == 1
    assert AsyncResult[Any](before, app=app).get(timeout=0) == 1

    seen: list[str] = []

    def go_on(meta: dict[str, Any]) -> None:
        seen.append(meta["status"])
        if meta["status"] == states.STARTED:
            worker.backend.store_result(during, 2, states.SUCCESS)

    worker.backend.mark_as_started(during)
    assert AsyncResult[Any](during, app=app).get(timeout=10, on_message=go_on) == 2
    assert (seen[0], seen[-1]) == ("STARTED", "SUCCESS")


def test_exceptions_come_back_as_themselves(app: Celery, worker: Celery) -> None:
    (name,) = ids(1)
    worker.backend.store_result(name, KeyError("key", 1), states.FAILURE, traceback="Traceback")

    with pytest.raises(KeyError) as raised:
        AsyncResult[Any](name, app=app).get(timeout=10)

    assert raised.value.args == ("key", 1)


def test_a_large_group(app: Celery, worker: Celery) -> None:
    names = ids(2500)
    group = GroupResult("g", [AsyncResult[Any](name, app=app) for name in names], app=app)
    half = len(names) // 2
    for number, name in enumerate(names[:half]):
        worker.backend.store_result(name, number, states.SUCCESS)
    assert group.completed_count() == half

    def finish() -> None:
        for number, name in enumerate(names[half:], half):
            worker.backend.store_result(name, number, states.SUCCESS)

    finisher = threading.Thread(target=finish)
    finisher.start()
    try:
        assert group.get(timeout=60) == list(range(len(names)))
    finally:
        finisher.join()
    group.forget()
    assert set(app.engine.documents(names)) == {None}


def test_coroutines_wait(app: Celery, worker: Celery) -> None:
    names = ids(200)

    async def main() -> list[Any]:
        waiting = [
            asyncio.create_task(AsyncResult[Any](name, app=app).aget(timeout=30)) for name in names
        ]
        await asyncio.to_thread(wait_until, lambda: subscribed(app) == 200, "200 subscriptions")
        waiting.pop().cancel()
        for number, name in enumerate(names):
            await asyncio.to_thread(worker.backend.store_result, name, number, states.SUCCESS)
        return await asyncio.gather(*waiting)

    assert asyncio.run(main()) == list(range(199))
    wait_until(lambda: subscribed(app) == 0, "no subscription left")


def test_a_wait_survives_a_restart_of_the_server(
    server: Server, app: Celery, worker: Celery
) -> None:
    before, after = ids(2)
    values: list[Any] = []

    def wait() -> None:
        results = [AsyncResult[Any](name, app=app) for name in (before, after)]
        values.append(GroupResult("g", results, app=app).get(timeout=60))

    waiter = threading.Thread(target=wait)
    waiter.start()
    wait_until(lambda: subscribed(app) == 2, "2 subscriptions")
    worker.backend.store_result(before, 1, states.SUCCESS)

    server.restart()
    wait_until(lambda: subscribed(app) == 2, "subscriptions on the new server")
    worker.backend.store_result(after, 2, states.SUCCESS)
    waiter.join()

    assert values == [[1, 2]]


def test_no_time_is_a_glance(app: Celery) -> None:
    (name,) = ids(1)
    begin = time.monotonic()

    with pytest.raises(TimeoutError, match=name):
        AsyncResult[Any](name, app=app).get(timeout=0.1)

    assert 0.1 <= time.monotonic() - begin < 5
