"""Deciding the ending of an execution: by Celery's rules for tasks, calling their handlers, by Dramatiq's for others.

Every ending is made here, whoever asks for it: the thread that ran the task, or who ends it on behalf of that thread.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

from dramatiq.middleware import SkipMessage

from taskhub import signals, states
from taskhub.engine.broker import captured
from taskhub.engine.delivery import Delivery
from taskhub.exceptions import (
    Ignore,
    Reject,
    Retry,
    TaskRevokedError,
    TimeLimitExceeded,
    WorkerLostError,
)
from taskhub.outcome import Outcome
from taskhub.worker import endings, own_requests, telling
from taskhub.worker.context import Context
from taskhub.worker.exception_info import ExceptionInfo
from taskhub.worker.limits.interrupting import Interruption
from taskhub.worker.runnable import RunnableTask

logger = logging.getLogger(__name__)


def end_task(
    task: RunnableTask[Any, Any],
    request: Context,
    value: Any,
    error: BaseException | None,
) -> Outcome:
    """Decide the ending of a task by Celery's rules, call its handlers, and send the signals about it."""
    state = states.SUCCESS if error is None else states.FAILURE
    came_to: Any = value if error is None else error
    try:
        outcome, state, came_to = _decide(task, request, value, error)
    finally:
        if request._began is not None and signals.task_postrun.receivers:
            telling.is_over(task, request, state, came_to)
    if isinstance(error, Reject):
        if not error.requeue and request._delivery is not None and signals.task_failure.receivers:
            telling.comes_to(task, request, states.FAILURE, error, ExceptionInfo(error))
        # What it collected stays where it is, with its messages.
        return outcome
    if request._chords:
        outcome = outcome._replace(chords=(*outcome.chords, *request._chords))
    if request._chains:
        outcome = outcome._replace(chains=(*outcome.chains, *request._chains))
    if request._extends:
        outcome = outcome._replace(extends=tuple(request._extends))
    return outcome


def _decide(
    task: RunnableTask[Any, Any],
    request: Context,
    value: Any,
    error: BaseException | None,
) -> tuple[Outcome, str, Any]:
    """Return the ending, and the state and value of which signals tell: a handler may store others."""
    policy = task.result_policy
    sent = (*captured(), *(request._publish or ()))
    if error is None:
        try:
            # First what follows: the calls it makes are children of this task, and part of its document.
            caused = task.consequences(request, states.SUCCESS, value)
            outcome = endings.succeeded(request, policy, value, sent)
            outcome = endings.with_consequences(outcome, caused)
        except Exception as problem:
            # What it returned cannot be stored or passed on: that fails the task, as in Celery.
            error = problem
        else:
            return _handle(task, request, outcome, value, None), states.SUCCESS, value
    if isinstance(error, Ignore):
        outcome = endings.ignored(request, sent)
        if request.chord and not request._replaced:
            # A chord does not wait for ever for a part that will never come.
            caused = task.consequences(request, states.IGNORED, None)
            outcome = endings.with_consequences(outcome, caused)
        return outcome, states.IGNORED, error
    if isinstance(error, Reject):
        return _reject(task, request, error), states.REJECTED, error
    info = ExceptionInfo(error)
    if isinstance(error, Retry):
        outcome = endings.retried(request, policy, error.exc, info.traceback, sent)
        return _handle(task, request, outcome, error.exc, info), states.RETRY, error
    caused = task.consequences(request, states.FAILURE, None, error, info.traceback)
    outcome = endings.failed(request, policy, error, info.traceback, sent)
    outcome = endings.with_consequences(outcome, caused)
    return _handle(task, request, outcome, error, info), states.FAILURE, error


def end_revoked(task: RunnableTask[Any, Any] | None, request: Context, reason: str) -> Outcome:
    """Decide the ending of a task that is not to run any more."""
    outcome = endings.revoked(request, _policy(task), reason)
    if task is None:
        return outcome
    if signals.task_revoked.receivers:
        telling.is_not_to_run(task, request, reason)
    error = TaskRevokedError(reason)
    return endings.with_consequences(
        outcome, task.consequences(request, states.REVOKED, None, error)
    )


def end_overdue(task: RunnableTask[Any, Any], request: Context, limit: float | None) -> Outcome:
    """Decide the ending of a task that has gone over its hard time limit, seconds."""
    logger.error("Hard time limit (%ss) exceeded for %s[%s]", limit, request.task, request.id)
    return end_task(task, request, None, TimeLimitExceeded(limit))


def end_overdue_elsewhere(
    task: RunnableTask[Any, Any], request: Context, limit: float | None
) -> Outcome:
    """Decide the ending of a task that went over its limit in a process that had to be killed for it."""
    _complete(task, request)
    return end_overdue(task, request, limit)


def end_lost(task: RunnableTask[Any, Any] | None, request: Context, limit: int) -> Outcome:
    """Decide the ending of a task that is not run again after its workers were lost; `limit` is `max_deliveries`."""
    error = WorkerLostError(
        f"the worker that ran the task was lost: delivered {limit} times, or acknowledged early, it is not run again"
    )
    logger.error("task %s[%s] is given up: %s", request.task, request.id, error)
    dead = endings.dead_letter("WorkerLostError", str(error))
    if task is None:
        return endings.failed(request, endings.DEFAULT_POLICY, error, None, dead=dead)
    _complete(task, request)
    return end_task(task, request, None, error)._replace(dead=dead)


def _complete(task: RunnableTask[Any, Any], request: Context) -> None:
    """Load what a task that is not to run needs for its ending; one that cannot be loaded ends as well."""
    with contextlib.suppress(Exception):
        task.load(request)


def _reject(task: RunnableTask[Any, Any], request: Context, error: Reject) -> Outcome:
    if error.requeue:
        return endings.requeued(request._delivery)
    traceback = ExceptionInfo(error).traceback
    dead = endings.dead_letter("Reject", str(error.reason), traceback)
    caused = task.consequences(request, states.FAILURE, None, error)
    outcome = endings.failed(request, task.result_policy, error, None, dead=dead)
    return endings.with_consequences(outcome, caused)


def _handle(
    task: RunnableTask[Any, Any],
    request: Context,
    outcome: Outcome,
    value: Any,
    info: ExceptionInfo | None,
) -> Outcome:
    """Call the task's handlers; they may set another state, but not undo the ending."""
    overridden, state = task.overridden, outcome.state
    name, signal = _HANDLERS[state]
    if not overridden and not signal.receivers and task.request_class is None:
        return outcome
    call = (request.id or "", request.args, request.kwargs)
    request._ending = True
    if name in overridden:
        _call(task, name, value, *call, *(() if info is None else (info,)))
    if signal.receivers:
        telling.comes_to(task, request, state, value, info)
    if state != states.RETRY and "after_return" in overridden:
        _call(task, "after_return", state, value, *call, info)
    if task.request_class is not None:
        own_requests.ended(task, request, value, info)
    if request._final_state is not None:
        return endings.custom(request, task.result_policy, outcome, *request._final_state)
    return outcome


def _call(task: RunnableTask[Any, Any], name: str, *arguments: Any) -> None:
    try:
        getattr(task, name)(*arguments)
    except Exception:
        logger.exception("%s of task %s failed", name, task.actor_name)


def end_native(
    message: Delivery, request: Context, value: Any, error: BaseException | None
) -> Outcome:
    """Decide the ending of a native actor by Dramatiq's rules: its middleware has retried it, or failed it."""
    sent = tuple(captured())
    if error is None:
        try:
            return endings.succeeded(request, endings.DEFAULT_POLICY, value, sent)
        except Exception as problem:
            error = problem
            message.fail()
    info = ExceptionInfo(error)
    retried = any(envelope.task_id == message.message_id for envelope in sent)
    if message.failed or not retried:
        dead = endings.dead_letter(type(error).__name__, str(error), info.traceback)
        return endings.failed(
            request, endings.DEFAULT_POLICY, error, info.traceback, sent, dead=dead
        )
    return endings.retried(request, endings.DEFAULT_POLICY, error, info.traceback, sent)


def end_skipped(message: Delivery, request: Context) -> Outcome:
    """Decide the ending of a message that other middleware skipped, by Dramatiq's rules: None is its result."""
    sent = tuple(captured())
    if message.failed:
        error = message._exception or SkipMessage("skipped by middleware")
        dead = endings.dead_letter(type(error).__name__, str(error))
        return endings.failed(request, _policy(request._task), error, None, sent, dead=dead)
    if request._task is not None:
        return endings.ignored(request, sent)
    return endings.succeeded(request, endings.DEFAULT_POLICY, None, sent)


#: Per state: the handler, and the signal.
_HANDLERS = {
    states.SUCCESS: ("on_success", signals.task_success),
    states.RETRY: ("on_retry", signals.task_retry),
    states.FAILURE: ("on_failure", signals.task_failure),
}


def _policy(task: RunnableTask[Any, Any] | None) -> endings.ResultPolicy:
    return endings.DEFAULT_POLICY if task is None else task.result_policy


#: Exceptions that tell how a task is to end, or that it has been ended; Dramatiq must not report them as failures.
CONTROL_FLOW: tuple[type[BaseException], ...] = (Ignore, Reject, Retry, Interruption)
