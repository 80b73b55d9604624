"""How far a canvas is, and that one of a kind goes on at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from taskhub import Celery
from taskhub.actors import locks
from taskhub.actors.locks import other_canvas
from taskhub.actors.progress import report_begun


@pytest.fixture
def task(app: Celery, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(app.conf, "task_always_eager", False)
    from taskhub.actors import sync_kline_data

    return sync_kline_data


@contextmanager
def called(task: Any, task_id: str, **options: Any) -> Iterator[Any]:
    """Make the task's request that of a call in a worker."""
    task.push_request(id=task_id, is_eager=False, **options)
    try:
        yield task
    finally:
        task.pop_request()


def claimed(task: Any, task_id: str, name: str = "daily") -> str | None:
    with called(task, task_id):
        return other_canvas(task, name)


def test_a_canvas_has_its_name_until_its_call_has_ended(
    task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert claimed(task, "one") is None
    assert claimed(task, "two") == "one"
    assert claimed(task, "two", "bars") is None
    # The first call once more, after its worker was lost.
    assert claimed(task, "one") is None

    task.backend.store_result("one", ValueError("broken"), "FAILURE")
    assert claimed(task, "two") is None
    assert claimed(task, "three") == "two"
    # Nothing tells of its end: somebody has purged the queue.
    monkeypatch.setattr(locks, "_LOST", 0.0)
    assert claimed(task, "three") is None


def told(task: Any, number: int, total: int, **options: Any) -> Any:
    """Let a part begin, and return what the canvas tells then."""
    task.backend.store_result("whole", None, "STARTED")
    with called(task, "part", **options):
        report_begun(task, ("whole", number, total), "bars")
    return task.app.AsyncResult("whole").info


def test_of_many_parts_some_tell_that_they_begin(task: Any) -> None:
    assert told(task, 2, 3) == {"current": 2, "total": 3, "step": "bars"}
    telling = [number for number in range(1, 5501) if told(task, number, 5500)]
    assert 200 <= len(telling) <= 210
    assert (telling[0], telling[-1]) == (1, 5500)
    assert told(task, 3, 3, retries=1) is None
