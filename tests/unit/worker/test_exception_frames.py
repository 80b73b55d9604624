"""What the variables of a failed task held is released at its end, not when garbage is collected."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest

from taskhub.app.app import Celery
from tests.support.workers import until


class Large:
    """What a task holds."""


@pytest.fixture(autouse=True)
def no_collection() -> Any:
    gc.disable()
    yield
    gc.enable()


def test_a_failed_task_leaves_no_cycle(app: Celery, work: Callable[[], None]) -> None:
    held: list[weakref.ref[Large]] = []

    def fail() -> None:
        large = Large()
        held.append(weakref.ref(large))
        raise ValueError("no luck")

    @app.task
    def plain() -> None:
        fail()

    @app.task(bind=True, max_retries=1, default_retry_delay=0)
    def retried(self: Any) -> None:
        try:
            fail()
        except ValueError as error:
            # A cycle of the task's own.
            kept = error
            raise self.retry(exc=kept) from kept

    @app.task(autoretry_for=(ValueError,), max_retries=1, default_retry_delay=0)
    def retried_by_itself() -> None:
        fail()

    @app.task
    async def coroutine() -> None:
        fail()

    @dramatiq.actor(broker=app.broker, max_retries=1, min_backoff=1, max_backoff=1)
    def native() -> None:
        fail()

    @dramatiq.actor(broker=app.broker, max_retries=0)
    async def native_coroutine() -> None:
        fail()

    for task in (plain, retried, retried_by_itself, coroutine):
        task.delay()
    native.send()
    native_coroutine.send()
    work()
    until(lambda: len(held) == 9, "all of them to run", 20)
    app.broker.join("default", timeout=10_000)
    until(lambda: not any(one() is not None for one in held), "what they held to be released", 10)
