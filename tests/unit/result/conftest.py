"""An application whose store is in memory, and a hand that ends its tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery

End = Callable[..., None]


@pytest.fixture
def app() -> Celery:
    """An application of its own for each test."""
    return Celery("tests", broker="memory://", set_as_current=False)


@pytest.fixture
def end(app: Celery) -> End:
    """Return a function that stores a task's state: (id, value, state, traceback)."""

    def store(
        task_id: str, value: Any = None, state: str = states.SUCCESS, traceback: str | None = None
    ) -> None:
        app.backend.store_result(task_id, value, state, traceback=traceback)

    return store


@pytest.fixture
def later() -> Iterator[Callable[..., None]]:
    """Return a function that calls another soon, in a thread of its own: (function, arguments)."""
    timers: list[threading.Timer] = []

    def call(function: Callable[..., Any], *args: Any) -> None:
        timers.append(threading.Timer(0.03, function, args))
        timers[-1].start()

    yield call
    for timer in timers:
        timer.join()
