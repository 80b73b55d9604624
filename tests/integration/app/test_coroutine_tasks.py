"""Tasks that are coroutines, in a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dramatiq import Worker

from taskhub import AsyncResult, Celery, Task
from tests.support.servers import start_valkey


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Celery]:
    with (
        start_valkey(tmp_path) as server,
        Celery("coroutines", broker=server.url, set_as_current=False) as app,
    ):

        @app.task(name="double")
        async def double(x: int) -> int:
            await asyncio.sleep(0)
            return 2 * x

        @app.task(name="identify", bind=True)
        async def identify(self: Task[..., Any]) -> list[Any]:
            await asyncio.sleep(0)
            return [self.request.id, self.request.retries]

        @app.task(name="flaky", bind=True, autoretry_for=(ValueError,), default_retry_delay=0)
        async def flaky(self: Task[..., Any]) -> int:
            await asyncio.sleep(0)
            if self.request.retries < 2:
                raise ValueError("again")
            return self.request.retries

        worker = Worker(app.broker, worker_threads=2, worker_timeout=100)
        worker.start()
        yield app
        worker.stop()


def get(result: AsyncResult[Any]) -> Any:
    return result.get(timeout=10)


def test_it_runs_in_the_workers_event_loop(app: Celery) -> None:
    assert get(app.tasks["double"].delay(4)) == 8


def test_it_sees_its_request(app: Celery) -> None:
    assert get(app.tasks["identify"].apply_async(task_id="mine")) == ["mine", 0]


def test_it_is_retried(app: Celery) -> None:
    assert get(app.tasks["flaky"].delay()) == 2


def test_results_are_awaited(app: Celery) -> None:
    async def main() -> int:
        result: AsyncResult[int] = await app.tasks["double"].adelay(5)
        return await result.aget(timeout=10)

    assert asyncio.run(main()) == 10


def test_it_runs_beside_workers_that_are_stopped_twice_or_were_never_started(app: Celery) -> None:
    with Celery("other", broker="memory://", set_as_current=False) as other:
        stopped = Worker(other.broker, worker_threads=1, worker_timeout=100)
        stopped.start()
        stopped.stop()
        stopped.stop()
        Worker(other.broker, worker_threads=1).stop()
    assert get(app.tasks["double"].delay(4)) == 8
