"""Tasks whose workers were lost, on the store in memory: they end as every failure does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.exceptions import ChordError, TaskRevokedError, WorkerLostError
from tests.support.workers import until


def lose(engine: MemoryEngine, times: int = 2) -> None:
    """Let the foremost message take so many workers with it."""
    for _ in range(times):
        assert engine.claim("victim", ["default"], 1).claims
        assert engine.reclaim("victim") == 1


def reason(engine: MemoryEngine, task_id: str) -> str:
    """Return why a task became a dead letter."""
    (letter,) = [found for found in engine.dead_letters(0, 9) if found.key == task_id]
    assert letter.envelope is not None
    return str(json.loads(letter.reason)["reason"])


def test_handlers_errbacks_and_the_rest_of_a_chain_learn_of_it(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    heard: list[tuple[Any, ...]] = []

    class Handling(app.Task):  # type: ignore[name-defined,misc]
        def on_failure(self, exc: Any, task_id: str, args: Any, kwargs: Any, einfo: Any) -> None:
            heard.append(("on_failure", type(exc), args, kwargs))

        def after_return(
            self, status: str, retval: Any, task_id: str, args: Any, kwargs: Any, einfo: Any
        ) -> None:
            heard.append(("after_return", status))

    @app.task(base=Handling)
    def deadly(*arguments: int, **_named: int) -> None:
        heard.append(("run", *arguments))

    @app.task
    def follow(value: int) -> None:
        heard.append(("followed", value))

    @app.task
    def tell(task_id: str) -> None:
        heard.append(("told", task_id))

    first = deadly.s(1, named=2)
    first.link_error(tell.s())
    result = (first | follow.s()).apply_async()
    lose(engine)
    work()

    assert isinstance(result.get(timeout=10, propagate=False), WorkerLostError)
    assert result.state == result.parent.state == states.FAILURE
    told = ("told", result.parent.id)
    until(lambda: told in heard, "the errback")
    assert heard == [
        ("on_failure", WorkerLostError, [1], {"named": 2}),
        ("after_return", "FAILURE"),
        told,
    ]
    assert reason(engine, result.parent.id) == "WorkerLostError"


@pytest.mark.parametrize("early", [False, True])
def test_its_chord_learns_of_it(
    app: Celery, engine: MemoryEngine, work: Callable[[], None], early: bool
) -> None:
    @app.task
    def part(number: int) -> int:
        return number

    @app.task
    def total(values: list[int]) -> int:
        return sum(values)

    from taskhub.canvas import chord

    result = chord([part.s(1), part.s(2)], total.s(), app=app)()
    if early:
        (claim,) = engine.claim("victim", ["default"], 1).claims
        engine.acknowledge("victim", claim)
        engine.reclaim("victim")
    else:
        lose(engine)
    work()

    error = result.get(timeout=10, propagate=False)
    assert isinstance(error, ChordError)
    assert "WorkerLostError" in str(error)


def test_the_last_delivery_that_is_allowed_runs(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    @app.task
    def survive() -> str:
        return "alive"

    result = survive.delay()
    lose(engine, times=1)
    work()
    assert result.get(timeout=10) == "alive"


def test_a_lost_task_that_was_revoked_is_revoked(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    @app.task
    def deadly() -> None: ...

    result = deadly.delay()
    engine.claim("victim", ["default"], 1)
    engine.revoke("revoker", [result.id], 60_000)
    engine.reclaim("victim")
    lose(engine, times=1)
    work()
    assert isinstance(result.get(timeout=10, propagate=False), TaskRevokedError)


def test_a_lost_native_actor_is_a_dead_letter(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    runs: list[int] = []

    @dramatiq.actor(broker=app.broker, store_results=True)
    def native() -> None:
        runs.append(1)

    message = native.send()
    lose(engine)
    work()
    result = app.AsyncResult(message.message_id)
    assert isinstance(result.get(timeout=10, propagate=False), WorkerLostError)
    assert reason(engine, message.message_id) == "WorkerLostError"
    assert runs == []


def test_a_lost_task_that_is_not_registered_is_unknown_first(
    app: Celery, engine: MemoryEngine, work: Callable[[], None]
) -> None:
    result = app.send_task("no_such_task")
    lose(engine)
    work()
    assert "no_such_task" in str(result.get(timeout=10, propagate=False))
    assert reason(engine, result.id) == "NotRegistered"
