"""Decision by Celery's rules: from what happened to an execution to its outcome.

Every way in which a task can end goes through `decide_outcome`, from all callers: the thread that
ran the task, the one that ends it on behalf of that thread, or the one that found that it is not to
be run. Native actors end by Dramatiq's rules (`worker/native.py`), by the same outcomes.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any, NamedTuple

from dramatiq.middleware import Interrupt, SkipMessage

from taskhub import signals, states
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.internals import exception_of
from taskhub.engine.dramatiq.middleware_broker import captured_envelopes
from taskhub.exceptions import (
    EncodeError,
    Ignore,
    Reject,
    Retry,
    TaskRevokedError,
    TimeLimitExceeded,
    WorkerLostError,
)
from taskhub.execution import outcomes, signal_dispatch
from taskhub.execution.exception_info import ExceptionInfo
from taskhub.execution.execution import Execution
from taskhub.execution.handlers import call_handlers
from taskhub.execution.result_document import bound_failure
from taskhub.outcome import Consequences, Outcome
from taskhub.serialization.safe_repr import safe_repr

logger = logging.getLogger(__name__)


class Happened(NamedTuple):
    """What happened to an execution."""

    #: What the task returned.
    value: Any = None
    #: What it raised, or why it was ended.
    error: BaseException | None = None
    #: Why it is not to run any more; None: that is not the reason.
    revoked: str | None = None
    #: Why its message is kept as a dead letter; None: it is not.
    dead: str | None = None
    #: Whether it was not run here: what its outcome needs is not loaded yet.
    is_unloaded: bool = False
    #: Line of the log that says why others have ended it, for name and id; "": nobody has.
    line: str = ""


def returned(value: Any) -> Happened:
    """The task returned a value."""
    return Happened(value)


def raised(error: BaseException) -> Happened:
    """The task raised an exception, or could not be begun because of one."""
    return Happened(error=error)


def revoked(reason: str) -> Happened:
    """The task is not to run any more: "revoked", "expired", or "terminated" while it ran."""
    return Happened(revoked=reason)


def timed_out(limit: float | None, *, elsewhere: bool = False) -> Happened:
    """The task went over its hard time limit, seconds; `elsewhere`: its process was killed."""
    line = f"Hard time limit ({limit}s) exceeded for %s[%s]"
    return Happened(error=TimeLimitExceeded(limit), is_unloaded=elsewhere, line=line)


def lost(max_deliveries: int) -> Happened:
    """The task is not run again after its workers were lost."""
    error = WorkerLostError(
        f"the worker that ran the task was lost: delivered {max_deliveries} times, or acknowledged "
        "early, it is not run again"
    )
    dead = outcomes.dead_letter("WorkerLostError", str(error))
    line = f"task %s[%s] is given up: {error}"
    return Happened(error=error, dead=dead, is_unloaded=True, line=line)


def skipped(delivery: Delivery) -> Happened:
    """Other middleware skipped the message: the task is not to run any more, or failed."""
    if not delivery.failed:
        return revoked("skipped by middleware")
    error = exception_of(delivery) or SkipMessage("skipped by middleware")
    return Happened(error=error, dead=outcomes.dead_letter(type(error).__name__, str(error)))


def decide_outcome(execution: Execution, happened: Happened) -> Outcome:
    """Return the outcome of an execution; call its handlers, and send the signals about it."""
    if happened.line:
        logger.error(happened.line, execution.request.task, execution.request.id)
    if happened.is_unloaded:
        # One that cannot be loaded is decided as well.
        with contextlib.suppress(Exception):
            execution.task.load(execution.request)
    if happened.revoked is not None:
        outcome = _decide_revoked(execution, happened.revoked)
    else:
        outcome = _decide_run(execution, happened)
    if happened.dead is not None:
        outcome = outcome._replace(dead=happened.dead)
    delivery = execution.delivery
    return outcome if delivery is None else outcomes.consuming(delivery, outcome)


def _decide_revoked(execution: Execution, reason: str) -> Outcome:
    task, request = execution.task, execution.request
    if reason != "terminated":
        logger.info("Discarding revoked task: %s[%s] (%s)", request.task, request.id, reason)
    outcome = outcomes.revoked(request, task.result_policy, reason)
    if signals.task_revoked.receivers:
        signal_dispatch.is_not_to_run(task, request, reason)
    error = TaskRevokedError(reason)
    consequences = task.consequences(request, states.REVOKED, None, error)
    return outcomes.with_consequences(outcome, consequences)


def _decide_run(execution: Execution, happened: Happened) -> Outcome:
    task, request = execution.task, execution.request
    value = happened.value
    error = None if happened.error is None else as_failure(happened.error)
    state, shown = (states.SUCCESS, value) if error is None else (states.FAILURE, error)
    try:
        outcome, state, shown = _decide_by_rules(execution, value, error)
    finally:
        if execution.began is not None and signals.task_postrun.receivers:
            signal_dispatch.is_over(task, request, state, shown)
    if isinstance(error, Reject):
        has_failed = not error.requeue and execution.delivery is not None
        if has_failed and signals.task_failure.receivers:
            signal_dispatch.comes_to(task, request, states.FAILURE, error, ExceptionInfo(error))
        # What it collected stays where it is, with its messages.
        return outcome
    return execution.with_collected(outcome)


def _decide_by_rules(
    execution: Execution, value: Any, error: BaseException | None
) -> tuple[Outcome, str, Any]:
    """Return the outcome, and the state and value for signals: a handler may store others."""
    task, request = execution.task, execution.request
    policy = task.result_policy
    sent = (*captured_envelopes(), *execution.messages)
    if error is None:
        try:
            # First what follows: the calls it makes are children of this task, and part of its
            # document.
            consequences = _consequences_of_success(execution, value)
            outcome = outcomes.succeeded(request, policy, value, sent)
        except _EagerLinkFailed as problem:
            # As in Celery, it goes through to the caller.
            raise problem.error from None
        except Exception as problem:
            # What it returned cannot be stored or passed on: that fails the task, as in Celery.
            error = problem
        else:
            outcome = outcomes.with_consequences(outcome, consequences)
            return call_handlers(execution, outcome, value, None), states.SUCCESS, value
    execution.failure = error
    if isinstance(error, Ignore):
        outcome = outcomes.ignored(request, sent)
        if request.chord and not execution.is_replaced:
            # A chord does not wait forever for a part that will never come.
            consequences = task.consequences(request, states.IGNORED, None)
            outcome = outcomes.with_consequences(outcome, consequences)
        return outcome, states.IGNORED, error
    if isinstance(error, Reject):
        return _reject(execution, error), states.REJECTED, error
    info = ExceptionInfo(error)
    if isinstance(error, Retry):
        kept, traceback = bound_failure(request, policy, error.exc or error, info.traceback)
        exc = None if error.exc is None else kept
        outcome = outcomes.retried(request, policy, exc, traceback, sent)
        return call_handlers(execution, outcome, error.exc, info), states.RETRY, error
    kept, traceback = bound_failure(request, policy, error, info.traceback)
    if kept is not error:
        error, info = kept, ExceptionInfo(kept)
    consequences = task.consequences(request, states.FAILURE, None, error, traceback)
    outcome = outcomes.failed(request, policy, error, traceback, sent)
    outcome = outcomes.with_consequences(outcome, consequences)
    return call_handlers(execution, outcome, error, info), states.FAILURE, error


def _reject(execution: Execution, error: Reject) -> Outcome:
    task, request = execution.task, execution.request
    if error.requeue:
        assert execution.delivery is not None
        return outcomes.requeued(execution.delivery, redelivered=True)
    traceback = ExceptionInfo(error).traceback
    dead = outcomes.dead_letter("Reject", str(error.reason), traceback)
    consequences = task.consequences(request, states.FAILURE, None, error)
    outcome = outcomes.failed(request, task.result_policy, error, None, dead=dead)
    return outcomes.with_consequences(outcome, consequences)


class _EagerLinkFailed(Exception):
    """What follows a call was run here and now, and has raised an exception."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _consequences_of_success(execution: Execution, value: Any) -> Consequences:
    request = execution.request
    try:
        consequences: Consequences = execution.task.consequences(request, states.SUCCESS, value)
        return consequences
    except EncodeError:
        raise
    except Exception as error:
        if request.is_eager:
            raise _EagerLinkFailed(error) from error
        raise


def as_failure(error: BaseException) -> BaseException:
    """Return what is stored for an exception; for `SystemExit` and its like a `WorkerLostError`.

    Celery does the same: who asks for the result gets it raised, and must not end by it. Here the
    process goes on.
    """
    if isinstance(error, Exception | Interrupt):
        return error
    code: Any = error.code if isinstance(error, SystemExit) else 1
    if not isinstance(code, int):
        code = 0 if code is None else 1
    failure = WorkerLostError(
        f"Worker exited prematurely: exitcode {code}: the task raised {safe_repr(error, 200)}"
    )
    failure.__cause__ = error
    return failure.with_traceback(error.__traceback__)
