"""Results of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.result import (
    AsyncResult,
    EagerResult,
    GroupResult,
    ResultBase,
    ResultSet,
    allow_join_result,
    assert_will_not_block,
    denied_join_result,
    disable_sync_subtasks,
    result_from_tuple,
    task_join_will_block,
)

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

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
