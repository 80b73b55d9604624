"""Requests of a class that a task names (`Request = MyRequest`): they are told what becomes of the task.

As in Celery each hook may call the one that it overrides; unlike there, nothing depends on that.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from time import monotonic, perf_counter
from typing import Any

from taskhub.exceptions import TimeLimitExceeded
from taskhub.worker.context import Context
from taskhub.worker.exception_info import ExceptionInfo
from taskhub.worker.request import Request
from taskhub.worker.runnable import RunnableTask

logger = logging.getLogger(__name__)

Task = RunnableTask[Any, Any]


def accepted(task: Task, context: Context) -> None:
    """The task is about to run, in this process."""
    _tell(task, context, lambda request: request.on_accepted(os.getpid(), monotonic()))


def soft_limit_reached(task: Task, context: Context, limit: float | None) -> None:
    """The task is being interrupted by its soft time limit, seconds."""
    _tell(task, context, lambda request: request.on_timeout(True, limit))


def ended(task: Task, context: Context, value: Any, info: ExceptionInfo | None) -> None:
    """The task has returned, failed, asked to run again, or gone over its hard time limit."""
    if info is not None and isinstance(info.exception, TimeLimitExceeded):
        limit = next(iter(info.exception.args), None)
        _tell(task, context, lambda request: request.on_timeout(False, limit))
    runtime = 0.0 if context._began is None else perf_counter() - context._began
    outcome = (info is not None, value if info is None else info, runtime)
    _tell(task, context, lambda request: request.on_success(outcome))


def _tell(task: Task, context: Context, call: Callable[[Request], None]) -> None:
    made = task.request_class
    if made is None:
        return
    try:
        call(made(context))
    except Exception:
        logger.exception("the request of task %s failed", task.actor_name)
