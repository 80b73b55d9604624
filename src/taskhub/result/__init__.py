"""Results of tasks: states and values from the store, and waiting for them (as `celery.result`)."""

from __future__ import annotations

from taskhub.result.async_result import AsyncResult
from taskhub.result.base import ResultBase, result_from_tuple
from taskhub.result.eager import EagerResult
from taskhub.result.group import GroupResult
from taskhub.result.join_guard import (
    allow_join_result,
    assert_will_not_block,
    denied_join_result,
    disable_sync_subtasks,
    task_join_will_block,
)
from taskhub.result.result_set import ResultSet

__all__ = (
    "AsyncResult",
    "EagerResult",
    "GroupResult",
    "ResultBase",
    "ResultSet",
    "allow_join_result",
    "assert_will_not_block",
    "denied_join_result",
    "disable_sync_subtasks",
    "result_from_tuple",
    "task_join_will_block",
)
