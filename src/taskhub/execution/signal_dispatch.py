"""Dispatch of Celery's signals about tasks, with its arguments.

Callers check first whether a receiver is connected (`signal.receivers`): a signal without
receivers costs no more.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import Any

from taskhub import signals, states
from taskhub.engine.dramatiq.forked_children import end_if_forked_child
from taskhub.exceptions import NotRegistered
from taskhub.execution.exception_info import ExceptionInfo
from taskhub.execution.execution import execution_of
from taskhub.execution.message_request import Request
from taskhub.execution.request import Context
from taskhub.signals.signal import Signal

logger = logging.getLogger(__name__)


def _send(signal: Signal, sender: Any, **named: Any) -> None:
    """Send a signal; nothing that a receiver raises, `SystemExit` included, prevents an outcome."""
    try:
        signal.send(sender, **named)
    except BaseException as error:
        end_if_forked_child(error)
        logger.exception("a receiver of the signal %s has raised", signal.name)


def received(node: Any, request: Context) -> None:
    """A thread has taken the message of a task that is to run."""
    _send(signals.task_received, node, request=Request(request))


def begins(task: Any, request: Context, args: Any, kwargs: Any) -> None:
    """The task is about to run."""
    signals.task_prerun.send(task, task_id=request.id, task=task, args=args, kwargs=kwargs)


def comes_to(
    task: Any, request: Context, state: str, value: Any, info: ExceptionInfo | None
) -> None:
    """The task has succeeded, failed, or asked to run again."""
    if info is None:
        began = execution_of(request).began
        runtime = 0.0 if began is None else perf_counter() - began
        _send(signals.task_success, task, result=value, runtime=runtime)
    elif state == states.RETRY:
        _send(signals.task_retry, task, request=request, reason=info.exception, einfo=info)
    else:
        _send(
            signals.task_failure,
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
    _send(
        signals.task_postrun,
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
    _send(
        signals.task_revoked,
        task,
        request=request,
        terminated=reason == "terminated",
        signum=None,
        expired=reason == "expired",
    )


def went_wrong(task: Any, request: Context, error: Exception) -> None:
    """The task could not be begun, or its outcome not be decided, for a reason outside its body."""
    info = ExceptionInfo(error, internal=True)
    _send(
        signals.task_internal_error,
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

    Args:
        node: The sender of the signal.
        message: The delivery; the claim, if it cannot be read.
        error: What is wrong.
    """
    if isinstance(error, NotRegistered):
        _send(
            signals.task_unknown,
            node,
            message=message,
            exc=error,
            name=message.actor_name,
            id=message.message_id,
        )
    else:
        _send(signals.task_rejected, node, message=message, exc=error)
