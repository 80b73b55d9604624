"""Waiting within a task."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from taskhub import states
from taskhub.app.app import Celery
from taskhub.execution.request import Context, entered
from taskhub.result import (
    AsyncResult,
    EagerResult,
    GroupResult,
    allow_join_result,
    assert_will_not_block,
    denied_join_result,
    task_join_will_block,
)

TASK = {"called_directly": False, "is_eager": False}


def test_waiting_in_a_task_is_refused(app: Celery) -> None:
    app.backend.store_result("one", 1, states.SUCCESS)
    result: AsyncResult[Any] = AsyncResult("one", app=app)
    group = GroupResult("g", [result], app=app)

    with entered(Context(TASK)):
        for get in (result.get, group.get, group.join, EagerResult("e", 1, states.SUCCESS).get):
            with pytest.raises(RuntimeError, match=r"Never call result\.get\(\) within a task!"):
                get()
            assert get(disable_sync_subtasks=False) in (1, [1])
        with pytest.raises(RuntimeError):
            asyncio.run(result.aget())
        with allow_join_result():
            assert result.get() == 1
        assert task_join_will_block()
    assert result.get() == 1


def test_eager_tasks_and_direct_calls_may_wait() -> None:
    for request in (Context(), Context(called_directly=False, is_eager=True)):
        with entered(request):
            assert_will_not_block()


def test_it_can_be_refused_anywhere() -> None:
    with denied_join_result():
        with pytest.raises(RuntimeError):
            assert_will_not_block()
        with allow_join_result():
            assert_will_not_block()
    assert_will_not_block()
