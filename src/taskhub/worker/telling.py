"""Telling of executions: Celery's signals about tasks, with its arguments.

Whoever calls these looks first whether anybody listens (`signal.receivers`): a signal without receivers costs no more.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from taskhub import signals, states
from taskhub.exceptions import NotRegistered
from taskhub.worker.context import Context
from taskhub.worker.exception_info import ExceptionInfo
from taskhub.worker.request import Request


def received(node: Any, request: Context) -> None:
    """A thread has taken the message of a task that is to run."""
    signals.task_received.send(node, request=Request(request))


def begins(task: Any, request: Context, args: Any, kwargs: Any) -> None:
    """The task is about to run."""
    signals.task_prerun.send(task, task_id=request.id, task=task, args=args, kwargs=kwargs)


def comes_to(
    task: Any, request: Context, state: str, value: Any, info: ExceptionInfo | None
) -> None:
    """The task has succeeded, failed, or asked to run again."""
    if info is None:
        began = request._began
        runtime = 0.0 if began is None else perf_counter() - began
        signals.task_success.send(task, result=value, runtime=runtime)
    elif state == states.RETRY:
        signals.task_retry.send(task, request=request, reason=info.exception, einfo=info)
    else:
        signals.task_failure.send(
            task,
            task_id=request.id,
            exception=info.exception,
            args=request.args,
            kwargs=request.kwargs,
            traceback=info.tb,
            einfo=info,
        )


def is_over(task: Any, request: Context, state: str, value: Any) -> None:
    """A task that was begun has ended, whichever way."""
    signals.task_postrun.send(
        task,
        task_id=request.id,
        task=task,
        args=request.args,
        kwargs=request.kwargs,
        retval=value,
        state=state,
    )


def is_not_to_run(task: Any, request: Context, reason: str) -> None:
    """The task was revoked, expired, or terminated while it ran."""
    signals.task_revoked.send(
        task,
        request=request,
        terminated=reason == "terminated",
        signum=None,
        expired=reason == "expired",
    )


def went_wrong(task: Any, request: Context, error: Exception) -> None:
    """The task could not be begun, or its ending not be decided, for a reason outside of its body."""
    info = ExceptionInfo(error, internal=True)
    signals.task_internal_error.send(
        task,
        task_id=request.id,
        args=request.args,
        kwargs=request.kwargs,
        request=request,
        exception=error,
        traceback=info.tb,
        einfo=info,
    )


def cannot_be_taken(node: Any, message: Any, error: Exception) -> None:
    """A message is for a task that is not registered here, or cannot be read.

    Parameters:
      message: the delivery; the claim, if it cannot be read.
    """
    if isinstance(error, NotRegistered):
        signals.task_unknown.send(
            node, message=message, exc=error, name=message.actor_name, id=message.message_id
        )
    else:
        signals.task_rejected.send(node, message=message, exc=error)
