"""Hooks of the request classes that tasks set (`Request = MyRequest`): called as a task goes on.

As in Celery each hook may call the one that it overrides; unlike there, nothing depends on that.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from time import monotonic, perf_counter
from typing import Any

from taskhub.engine.dramatiq.forked_children import end_if_forked_child
from taskhub.exceptions import TimeLimitExceeded
from taskhub.execution.exception_info import ExceptionInfo
from taskhub.execution.execution import execution_of
from taskhub.execution.message_request import Request
from taskhub.execution.request import Context
from taskhub.execution.runnable import RunnableTask

logger = logging.getLogger(__name__)

Task = RunnableTask[Any, Any]


def accepted(task: Task, context: Context) -> None:
    """The task is about to run, in this process."""
    _call_hook(task, context, lambda request: request.on_accepted(os.getpid(), monotonic()))


def soft_limit_reached(task: Task, context: Context, limit: float | None) -> None:
    """The task is being interrupted by its soft time limit, seconds."""
    _call_hook(task, context, lambda request: request.on_timeout(True, limit))


def ended(task: Task, context: Context, value: Any, info: ExceptionInfo | None) -> None:
    """The task has returned, failed, asked to run again, or gone over its hard time limit."""
    if info is not None and isinstance(info.exception, TimeLimitExceeded):
        limit = next(iter(info.exception.args), None)
        _call_hook(task, context, lambda request: request.on_timeout(False, limit))
    began = execution_of(context).began
    runtime = 0.0 if began is None else perf_counter() - began
    outcome = (info is not None, value if info is None else info, runtime)
    _call_hook(task, context, lambda request: request.on_success(outcome))


def _call_hook(task: Task, context: Context, call: Callable[[Request], None]) -> None:
    made = task.request_class
    if made is None:
        return
    try:
        call(made(context))
    except BaseException as error:
        # `SystemExit`, too: a hook cannot keep the outcome from being committed.
        end_if_forked_child(error)
        logger.exception("the request of task %s failed", task.actor_name)
