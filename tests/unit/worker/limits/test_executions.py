"""Limits on tasks in Dramatiq's worker, on the store in memory."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from taskhub.app.app import Celery
from taskhub.engine.dramatiq import fetcher
from taskhub.engine.dramatiq.prefetch import Prefetch
from taskhub.exceptions import SoftTimeLimitExceeded, TaskRevokedError, TimeLimitExceeded
from taskhub.execution.interruption import Interruption
from taskhub.worker.lifecycle import Lifecycle
from taskhub.worker.limits import executions as limits
from taskhub.worker.limits.executions import Executions
from tests.support.workers import until


def executions_of(app: Celery) -> Executions:
    return next(found for found in app.broker.middleware if isinstance(found, Lifecycle)).executions


def spin(seconds: float = 30.0) -> None:
    """Execute Python code, which can be interrupted."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        time.sleep(0.005)


def test_the_soft_limit_is_raised_in_the_task(app: Celery, work: Callable[[], None]) -> None:
    @app.task(soft_time_limit=0.2)
    def slow() -> str:
        try:
            spin()
        except SoftTimeLimitExceeded:
            return "tidied up"
        return "in time"

    work()
    assert slow.delay().get(timeout=10) == "tidied up"


def test_a_soft_limit_that_is_not_handled_fails_the_task(
    app: Celery, work: Callable[[], None]
) -> None:
    @app.task
    def slow() -> None:
        spin()

    work()
    result = slow.apply_async(soft_time_limit=0.2)
    with pytest.raises(SoftTimeLimitExceeded) as raised:
        result.get(timeout=10)
    assert raised.value.args == ()
    assert result.state == "FAILURE"


def test_the_soft_limit_is_raised_in_a_coroutine(app: Celery, work: Callable[[], None]) -> None:
    @app.task(soft_time_limit=0.2)
    async def slow() -> list[Any]:
        inner = asyncio.create_task(asyncio.sleep(30))
        try:
            await asyncio.gather(inner, asyncio.sleep(30))
        except SoftTimeLimitExceeded:
            task = asyncio.current_task()
            assert task is not None
            # It can go on: it is not cancelled.
            async with asyncio.timeout(5):
                await asyncio.sleep(0.01)
            return [inner.cancelled(), task.cancelling()]
        return []

    work()
    assert slow.delay().get(timeout=10) == [True, 0]


def test_a_coroutine_that_waits_too_long_for_itself_is_not_confused(
    app: Celery, work: Callable[[], None]
) -> None:
    """A timeout of its own is its own."""

    @app.task(soft_time_limit=5)
    async def own() -> str:
        try:
            async with asyncio.timeout(0.05):
                await asyncio.sleep(30)
        except TimeoutError:
            return "timed out"
        return ""

    work()
    assert own.delay().get(timeout=10) == "timed out"


@pytest.mark.parametrize("kind", ["thread", "coroutine", "deaf"])
def test_the_hard_limit_ends_a_task(app: Celery, work: Callable[[], None], kind: str) -> None:
    ended: list[str] = []

    @app.task(name="thread")
    def in_a_thread() -> None:
        try:
            spin()
        finally:
            ended.append("finally")

    @app.task(name="coroutine")
    async def in_a_loop() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("finally")

    @app.task(name="deaf")
    def deaf() -> None:
        try:
            while True:
                try:
                    spin()
                except Exception:
                    # What a task does about failures of its own does not keep it alive.
                    ended.append("heard")
        finally:
            ended.append("finally")

    work()
    result = app.tasks[kind].apply_async(time_limit=0.2)
    with pytest.raises(TimeLimitExceeded) as raised:
        result.get(timeout=10)
    assert raised.value.args == (0.2,)
    until(lambda: ended == ["finally"], "the thread to come free")


def test_the_ending_of_an_timed_out_task_goes_through_handlers_and_errbacks(
    app: Celery, work: Callable[[], None]
) -> None:
    seen: list[Any] = []

    class Noting(app.Task):  # type: ignore[name-defined,misc]
        def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
            seen.append((repr(exc), task_id, args, self.request.id))

    @app.task(base=Noting, time_limit=0.2)
    def slow(word: str) -> None:
        spin()

    @app.task
    def errback(task_id: str) -> None:
        seen.append(("errback", task_id))

    work()
    result = slow.apply_async(("x",), link_error=errback.s())
    with pytest.raises(TimeLimitExceeded):
        result.get(timeout=10)
    until(lambda: len(seen) == 2, "the errback")
    assert seen == [
        ("TimeLimitExceeded(0.2)", result.id, ["x"], result.id),
        ("errback", result.id),
    ]


def test_a_thread_that_does_not_come_free_is_replaced(
    app: Celery, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "THREAD_GRACE", 0.2)
    released = threading.Event()

    @app.task(time_limit=0.1)
    def stuck() -> str:
        # One long call into C code.
        released.wait(30)
        return "too late"

    @app.task
    def quick() -> str:
        return "done"

    work()
    results = [stuck.delay() for _ in range(2)]
    for result in results:
        with pytest.raises(TimeLimitExceeded):
            result.get(timeout=10)
    # Both threads of the worker are stuck.
    assert quick.delay().get(timeout=10) == "done"
    released.set()
    time.sleep(0.1)
    assert [result.state for result in results] == ["FAILURE", "FAILURE"]


def test_no_exception_reaches_a_thread_after_its_task(
    app: Celery, work: Callable[[], None]
) -> None:
    """Tasks that end at just the moment of their limits."""

    @app.task(soft_time_limit=0.02, time_limit=0.04)
    def close_to(seconds: float) -> str:
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            pass
        return "in time"

    work()
    pauses = [0.0195 + 0.0001 * step for step in range(10)] + [
        0.0395 + 0.0001 * s for s in range(5)
    ]
    results = [close_to.delay(pause) for pause in pauses * 8]
    for result in results:
        value = result.get(timeout=30, propagate=False)
        assert value == "in time" or isinstance(value, SoftTimeLimitExceeded | TimeLimitExceeded)
    threads = [thread.name for thread in threading.enumerate()]
    worker = executions_of(app)._worker
    assert worker is not None
    assert all(thread.is_alive() for thread in worker.workers), threads


def test_limits_that_are_changed_apply_to_what_begins_later(
    app: Celery, work: Callable[[], None]
) -> None:
    @app.task(time_limit=60, soft_time_limit=50)
    def slow() -> str:
        spin(0.5)
        return "in time"

    work()
    slow.time_limit, slow.soft_time_limit = 0.1, None
    with pytest.raises(TimeLimitExceeded):
        slow.delay().get(timeout=10)
    own = slow.apply_async(time_limit=20, soft_time_limit=10)
    assert own.get(timeout=10) == "in time"


def test_a_limit_may_be_a_timedelta(app: Celery) -> None:
    app.conf.task_time_limit = timedelta(minutes=1)

    @app.task
    def slow() -> None:
        """Runs as long as it may."""

    assert slow.time_limit == 60.0
    assert slow.message().options["timelimit"] == [60.0, None]


def test_a_worker_has_limits_for_tasks_without_any(app: Celery, work: Callable[[], None]) -> None:
    @app.task
    def slow() -> str:
        spin(0.5)
        return "in time"

    app.conf.task_time_limit = 0.1
    work()
    with pytest.raises(TimeLimitExceeded):
        slow.delay().get(timeout=10)
    assert slow.apply_async(time_limit=20).get(timeout=10) == "in time"


# -- terminating


@pytest.mark.parametrize("coroutine", [False, True])
def test_a_terminated_task_is_revoked(
    app: Celery, work: Callable[[], None], coroutine: bool
) -> None:
    heard: list[str] = []

    @app.task(name="blocking")
    def blocking() -> None:
        try:
            spin()
        except BaseException as error:
            heard.append(type(error).__name__)
            raise

    @app.task(name="waiting")
    async def waiting() -> None:
        try:
            await asyncio.sleep(30)
        except BaseException as error:
            heard.append(type(error).__name__)
            raise

    work()
    result = (waiting if coroutine else blocking).delay()
    executions = executions_of(app)
    until(lambda: executions.running, "the task to begin")
    assert executions.terminate([result.id, "unknown"]) == [result.id]
    with pytest.raises(TaskRevokedError, match="terminated"):
        result.get(timeout=10)
    assert result.state == "REVOKED"
    until(lambda: heard == [Interruption.__name__], "the task to be interrupted")
    assert executions.terminate([result.id]) == []


def test_a_task_terminated_by_sigusr1_may_tidy_up(app: Celery, work: Callable[[], None]) -> None:
    heard: list[str] = []

    @app.task
    def blocking() -> str:
        try:
            spin()
        except SoftTimeLimitExceeded:
            heard.append("soft")
        return "done"

    work()
    result = blocking.delay()
    executions = executions_of(app)
    until(lambda: executions.running, "the task to begin")
    executions.terminate([result.id], "SIGUSR1")
    until(lambda: heard == ["soft"], "the task to be interrupted")
    until(lambda: result.state == "REVOKED", "its ending")


def test_there_must_be_such_a_signal(app: Celery) -> None:
    with pytest.raises(ValueError, match="SIGNOPE"):
        executions_of(app).terminate(["id"], "SIGNOPE")


def test_what_is_claimed_and_not_begun_can_be_revoked(
    app: Celery, work: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The process claims more than it can begin, and keeps it.
    monkeypatch.setattr(Prefetch, "target", 10)
    monkeypatch.setattr(fetcher, "STALE", 60.0)
    ran: list[int] = []

    @app.task
    def blocking() -> None:
        spin(0.3)

    @app.task
    def second() -> None:
        ran.append(1)

    first = [blocking.delay() for _ in range(2)]
    waiting = second.delay()
    work()
    executions = executions_of(app)
    until(lambda: len(executions.running) == 2, "both threads to be busy")
    executions.revoke([waiting.id, first[0].id, "unknown"])
    for result in first:
        result.get(timeout=10)
    with pytest.raises(TaskRevokedError, match="revoked"):
        waiting.get(timeout=10)
    assert ran == []
