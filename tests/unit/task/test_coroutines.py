"""Tasks that are coroutines, outside of workers."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest

from taskhub import Celery, Task


@pytest.fixture
def app() -> Celery:
    return Celery("coroutines", broker="memory://")


def test_called_directly_it_is_a_coroutine(app: Celery) -> None:
    @app.task
    async def double(x: int) -> int:
        await asyncio.sleep(0)
        return 2 * x

    coroutine = double(2)

    assert inspect.iscoroutine(coroutine)
    assert asyncio.run(coroutine) == 4


def test_eager_calls_run_it(app: Celery) -> None:
    @app.task(bind=True)
    async def identify(self: Task[..., Any]) -> str | None:
        await asyncio.sleep(0)
        return self.request.id

    assert identify.apply(task_id="mine").get() == "mine"  # type: ignore[comparison-overlap]


def test_eager_calls_run_it_inside_a_running_loop(app: Celery) -> None:
    app.conf.task_always_eager = True

    @app.task
    async def double(x: int) -> int:
        await asyncio.sleep(0)
        return 2 * x

    async def main() -> Any:
        return double.delay(4).get(disable_sync_subtasks=False)

    assert asyncio.run(main()) == 8


def test_retries_await_it(app: Celery) -> None:
    tries: list[int] = []

    @app.task(bind=True, autoretry_for=(ValueError,), max_retries=2)
    async def flaky(self: Task[..., Any]) -> int:
        tries.append(self.request.retries)
        await asyncio.sleep(0)
        if len(tries) < 3:
            raise ValueError("again")
        return len(tries)

    assert flaky.apply().get() == 3  # type: ignore[comparison-overlap]
    assert tries == [0, 1, 2]


def test_calls_are_sent_without_blocking_the_loop(app: Celery) -> None:
    @app.task
    def add(x: int, y: int) -> int:
        return x + y

    async def main() -> tuple[str | None, str]:
        result = await add.adelay(1, y=2)
        return result.id, result.state

    task_id, state = asyncio.run(main())

    assert state == "PENDING"
    assert [envelope.task_id for envelope in app.engine.waiting("celery", 0, 10)] == [task_id]
