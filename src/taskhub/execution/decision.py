"""Decision: from what happened to an execution to its outcome.

Every way in which a task can end goes through `decide_outcome`, from all callers: the thread that
ran the task, the one that ends it on behalf of that thread, or the one that found that it is not to
be run. Tasks end by Celery's rules. Native actors end by Dramatiq's, whose middleware has retried
or failed them before.
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
from taskhub.humanize import counted
from taskhub.message import Envelope
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
        f"the worker that ran the task was lost: delivered "
        f"{counted(max_deliveries, 'time')}, or acknowledged "
        "early, it is not run again"
    )
    dead = outcomes.dead_letter("WorkerLostError", str(error))
    line = f"task %s[%s] is given up: {error}"
    return Happened(error=error, dead=dead, is_unloaded=True, line=line)


def skipped(delivery: Delivery) -> Happened:
    """Other middleware skipped the message: it failed, or is not to run any more.

    A native actor that is skipped has returned None, as in Dramatiq.
    """
    if not delivery.failed:
        is_native = delivery.execution.native is not None
        return returned(None) if is_native else revoked("skipped by middleware")
    error = exception_of(delivery) or SkipMessage("skipped by middleware")
    return Happened(error=error, dead=outcomes.dead_letter(type(error).__name__, str(error)))


def decide_outcome(execution: Execution, happened: Happened) -> Outcome:
    """Return the outcome of an execution; call its handlers, and send the signals about it."""
    if happened.line:
        logger.error(happened.line, execution.request.task, execution.request.id)
    if happened.is_unloaded:
        # One that cannot be loaded is decided as well.
        with contextlib.suppress(Exception):
            execution.load()
    if happened.revoked is not None:
        outcome = _decide_revoked(execution, happened.revoked)
    else:
        outcome = _decide_run(execution, happened)
    if happened.dead is not None:
        outcome = outcome._replace(dead=happened.dead)
    if execution.delivery is None:
        return outcome
    outcome = outcomes.consuming(execution.delivery, outcome)
    if execution.native is not None and outcome.state == states.RETRY:
        # The message that runs again is given the header's values again.
        return outcome._replace(consumed_chord=None)
    return outcome


def _decide_revoked(execution: Execution, reason: str) -> Outcome:
    task, request = execution.task, execution.request
    execution.revoked = reason
    if reason != "terminated":
        logger.info("Discarding revoked task: %s[%s] (%s)", request.task, request.id, reason)
    outcome = outcomes.revoked(request, execution.result_policy, reason)
    if signals.task_revoked.receivers and execution.native is None:
        signal_dispatch.is_not_to_run(task, request, reason)
    consequences = execution.consequences(states.REVOKED, None, TaskRevokedError(reason))
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
    if isinstance(error, Reject) and execution.native is None:
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
    request, policy, native = execution.request, execution.result_policy, execution.native
    sent = (*captured_envelopes(), *execution.messages)
    if error is None:
        try:
            # First what follows: the calls it makes are children of this task, and part of its
            # document.
            consequences = _consequences_of_success(execution, value)
            stored = value if native is None else native.encode_value(value)
            outcome = outcomes.succeeded(request, policy, stored, sent)
        except _EagerLinkFailed as problem:
            # As in Celery, it goes through to the caller.
            raise problem.error from None
        except Exception as problem:
            # What it returned cannot be stored or passed on: that fails the task, as in Celery.
            error = problem
            if execution.delivery is not None and native is not None:
                execution.delivery.fail()
        else:
            outcome = outcomes.with_consequences(outcome, consequences)
            if native is None:
                outcome = call_handlers(execution, outcome, value, None)
            return outcome, states.SUCCESS, value
    execution.failure = error
    if native is not None:
        return _decide_failed_actor(execution, error, sent), states.FAILURE, error
    return _decide_failed_task(execution, error, sent)


def _decide_failed_task(
    execution: Execution, error: BaseException, sent: tuple[Envelope, ...]
) -> tuple[Outcome, str, Any]:
    """Return the outcome of a task that raised, and the state and value for signals."""
    request, policy = execution.request, execution.result_policy
    if isinstance(error, Ignore):
        outcome = outcomes.ignored(request, sent)
        if request.chord and not execution.is_replaced:
            # A chord does not wait forever for a part that will never come.
            consequences = execution.consequences(states.IGNORED, None)
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
    consequences = execution.consequences(states.FAILURE, None, error, traceback)
    outcome = outcomes.failed(request, policy, error, traceback, sent)
    outcome = outcomes.with_consequences(outcome, consequences)
    return call_handlers(execution, outcome, error, info), states.FAILURE, error


def _decide_failed_actor(
    execution: Execution, error: BaseException, sent: tuple[Envelope, ...]
) -> Outcome:
    """Return the outcome of a native actor that raised: it runs again if middleware has sent it."""
    request, delivery, policy = execution.request, execution.delivery, execution.result_policy
    assert delivery is not None
    traceback = ExceptionInfo(error).traceback
    error = _storable(error)
    if not delivery.failed and any(envelope.task_id == request.id for envelope in sent):
        return outcomes.retried(request, policy, error, traceback, sent)
    dead = outcomes.dead_letter(type(error).__name__, str(error), traceback)
    outcome = outcomes.failed(request, policy, error, traceback, sent, dead=dead)
    consequences = execution.consequences(states.FAILURE, None, error, traceback)
    return outcomes.with_consequences(outcome, consequences)


def _storable(error: BaseException) -> BaseException:
    """Return an error of the same name for the result document, if it would get another there.

    Dramatiq's interrupts (time limits, shutdowns) are no `Exception`.
    """
    if isinstance(error, Exception):
        return error
    kind = type(error)
    names = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    made: type[Exception] = type(kind.__name__, (Exception,), names)
    return made(*error.args)


def _reject(execution: Execution, error: Reject) -> Outcome:
    request = execution.request
    if error.requeue:
        assert execution.delivery is not None
        return outcomes.requeued(execution.delivery, redelivered=True)
    traceback = ExceptionInfo(error).traceback
    dead = outcomes.dead_letter("Reject", str(error.reason), traceback)
    consequences = execution.consequences(states.FAILURE, None, error)
    outcome = outcomes.failed(request, execution.result_policy, error, None, dead=dead)
    return outcomes.with_consequences(outcome, consequences)


class _EagerLinkFailed(Exception):
    """What follows a call was run here and now, and has raised an exception."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


def _consequences_of_success(execution: Execution, value: Any) -> Consequences:
    request = execution.request
    try:
        return execution.consequences(states.SUCCESS, value)
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
