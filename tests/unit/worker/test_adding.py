"""Calls that a task adds to its chord, on the store in memory: all or none of them count."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from taskhub.app.app import Celery
from taskhub.canvas import chord
from taskhub.engine.memory.engine import MemoryEngine
from taskhub.exceptions import Reject


@pytest.fixture
def tasks(app: Celery) -> Any:
    """The tasks that need nothing special."""

    @app.task(name="part")
    def part(value: Any) -> Any:
        return value

    @app.task(name="total")
    def total(values: list[Any]) -> list[Any]:
        return values

    return SimpleNamespace(part=part, total=total)


def test_what_is_added_is_a_part(app: Celery, tasks: Any, work: Callable[[], None]) -> None:
    @app.task(bind=True)
    def adding(self: Any, value: int) -> int:
        self.add_to_chord(tasks.part.s(value + 1))
        self.add_to_chord(tasks.part.s(5) | tasks.part.s())
        return value

    header = [adding.s(1), tasks.part.s("last")]
    result = chord(header, tasks.total.s(), app=app)()
    work()
    assert result.get(timeout=10) == [1, "last", 2, 5]


def test_what_is_added_may_add(app: Celery, tasks: Any, work: Callable[[], None]) -> None:
    @app.task(bind=True)
    def counting(self: Any, value: int) -> int:
        if value:
            self.add_to_chord(counting.s(value - 1))
        return value

    result = chord([counting.s(3)], tasks.total.s(), app=app)()
    work()
    assert result.get(timeout=10) == [3, 2, 1, 0]


def test_what_is_sent_by_the_task_may_end_before_it(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    @app.task(bind=True)
    def adding(self: Any) -> str:
        signature = self.add_to_chord(tasks.part.s("added"), lazy=True)
        ended = threading.Event()
        added = signature.delay()
        with app.engine.follow([added.id], lambda _id, _document: ended.set()):
            assert ended.wait(10)
        return "first"

    result = chord([adding.s()], tasks.total.s(), app=app)()
    work()
    assert result.get(timeout=10) == ["first", "added"]


@pytest.mark.parametrize("lazy", [False, True])
def test_what_a_lost_delivery_adds_does_not_count(
    app: Celery, tasks: Any, engine: MemoryEngine, work: Callable[[], None], lazy: bool
) -> None:
    @app.task(bind=True)
    def adding(self: Any) -> int:
        delivery: int = self.request._execution.delivery.claim.delivery
        signature = self.add_to_chord(tasks.part.s(f"added by {delivery}"), lazy=lazy)
        if lazy:
            signature.delay()
        if delivery == 1:
            (holder,) = (name for name in engine.workers() if self.request.id in engine.held(name))
            engine.reclaim(holder)
        return delivery

    result = chord([adding.s()], tasks.total.s(), app=app)()
    work()
    assert result.get(timeout=10) == [2, "added by 2"]


def test_what_a_requeued_run_adds_does_not_count(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    runs: list[int] = []

    @app.task(bind=True)
    def adding(self: Any) -> int:
        runs.append(1)
        self.add_to_chord(tasks.part.s(f"added by {len(runs)}"))
        if len(runs) == 1:
            raise Reject("later", requeue=True)
        return len(runs)

    result = chord([adding.s()], tasks.total.s(), app=app)()
    work()
    assert result.get(timeout=10) == [2, "added by 2"]


def test_what_is_added_before_the_task_is_replaced_counts(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    @app.task(bind=True)
    def replaced(self: Any) -> None:
        self.add_to_chord(chord([tasks.part.s(1), tasks.part.s(2)], tasks.total.s(), app=app))
        self.replace(chord([tasks.part.s(3), tasks.part.s(4)], tasks.total.s(), app=app))

    result = chord([replaced.s()], tasks.total.s(), app=app)()
    work()
    assert result.get(timeout=10) == [[3, 4], [1, 2]]


def test_nothing_is_added_outside_of_a_chord(
    app: Celery, tasks: Any, work: Callable[[], None]
) -> None:
    @app.task(bind=True)
    def alone(self: Any) -> None:
        self.add_to_chord(tasks.part.s(1))

    work()
    error = alone.delay().get(timeout=10, propagate=False)
    assert isinstance(error, ValueError)
