"""The lifecycle of one execution: sets up its request, then turns what happened into an outcome.

This is the first middleware of the stack, so it runs first before a task and last after it: what other middleware
enqueued meanwhile (Dramatiq's retries, pipelines, callbacks) leaves in the same commit.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from time import perf_counter
from typing import Any, NoReturn

import dramatiq
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware, SkipMessage

from taskhub import states
from taskhub.engine.broker import EngineBroker, captured
from taskhub.engine.delivery import Delivery
from taskhub.engine.port import Claim
from taskhub.exceptions import (
    ChordError,
    Ignore,
    OperationalError,
    Reject,
    Retry,
    TaskRevokedError,
    WorkerLostError,
)
from taskhub.message import Envelope
from taskhub.outcome import Outcome
from taskhub.worker import endings
from taskhub.worker.context import Context, enter, is_expired, leave, request_of
from taskhub.worker.exception_info import ExceptionInfo
from taskhub.worker.rejecting import leaving_chord
from taskhub.worker.runnable import RunnableTask

logger = logging.getLogger(__name__)

#: One line per task that begins or ends, at INFO; `taskhub worker --loglevel info` turns it on.
task_logger = logging.getLogger("taskhub.task")


class Lifecycle(Middleware):
    """Gives every delivery a request before it runs and an outcome after it ran.

    Parameters:
      reject: makes the outcome of a message that cannot be begun, or whose ending cannot be decided.
    """

    def __init__(self, reject: Callable[[Claim, Exception], Outcome]) -> None:
        self._reject = reject

    @property
    def actor_options(self) -> set[str]:
        return {"priority", "ignore_result"}

    def before_process_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        assert isinstance(broker, EngineBroker)
        if broker.courier is not None:
            broker.courier.started()
        try:
            self._prepare(broker, message)
        except SkipMessage:
            raise
        except Exception as error:
            # Dramatiq would only log it, and run the task without its request.
            logger.exception("task %s could not be begun", message.message_id)
            self._skip(message, self._reject(message.claim, error))

    def _prepare(self, broker: EngineBroker, message: Delivery) -> None:
        actor = broker.actors.get(message.actor_name)
        task = actor if isinstance(actor, RunnableTask) else None
        request = request_of(message, task, broker.nodename)
        message.execution = request
        enter(request)
        if message.claim.revoked:
            self._skip(message, end_revoked(task, request, "revoked"))
        limit = broker.engine.rules.max_deliveries
        if message.claim.delivery > limit:
            self._skip(message, end_lost(task, request, limit))
        if request.expires and is_expired(request.expires):
            self._skip(message, end_revoked(task, request, "expired"))
        if task is not None:
            self._begin(broker, message, task, request)
        message.runtime = perf_counter()

    def _begin(
        self,
        broker: EngineBroker,
        message: Delivery,
        task: RunnableTask[Any, Any],
        request: Context,
    ) -> None:
        courier = broker.courier
        worker = courier.worker if courier is not None else ""
        if task.acknowledges_early:
            self._acknowledge(broker, worker, message, request)
        try:
            if "content" in message.options or "joins" in message.options:
                task.load_arguments(request)
                message.args, message.kwargs = tuple(request.args), request.kwargs
            if task.track_started and not task.result_policy.ignores(request):
                self._store_started(broker, worker, message, task, request)
            if "before_start" in task.overridden:
                task.before_start(message.message_id, message.args, message.kwargs)
        except SkipMessage:
            raise
        except BaseException as error:
            known = isinstance(error, ChordError)
            logger.log(
                logging.INFO if known else logging.ERROR,
                "task %s could not be begun: %s",
                message.message_id,
                error,
                exc_info=not known,
            )
            self._skip(message, end_task(task, request, None, error))

    def _acknowledge(
        self, broker: EngineBroker, worker: str, message: Delivery, request: Context
    ) -> None:
        try:
            stands = broker.engine.acknowledge(worker, message.claim)
        except OperationalError as error:
            # Begun now, it might be begun again elsewhere.
            logger.warning("%s; task %s is put back", error, message.message_id)
            self._skip(message, endings.requeued(request, _as_it_was(message)))
        if not stands:
            logger.warning("task %s was taken away before it began", message.message_id)
            self._skip(message, endings.ignored(request))

    @staticmethod
    def _store_started(
        broker: EngineBroker,
        worker: str,
        message: Delivery,
        task: RunnableTask[Any, Any],
        request: Context,
    ) -> None:
        import os

        policy = task.result_policy
        meta = {"pid": os.getpid(), "hostname": request.hostname}
        text = endings.document(request, policy, states.STARTED, meta)
        try:
            broker.engine.store_state(
                message.message_id, text, policy.ttl, held=(worker, message.claim)
            )
        except OperationalError as error:
            logger.warning("%s; task %s runs without having told", error, message.message_id)

    @staticmethod
    def _skip(message: Delivery, outcome: Outcome) -> NoReturn:
        message.outcome = leaving_chord(message, outcome)
        raise SkipMessage(outcome.state)

    def after_skip_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        if message.execution is None:
            return
        if message.outcome is None:
            message.outcome = end_skipped(message, message.execution)
        message.runtime = 0.0
        leave(message.execution)

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        assert isinstance(message, Delivery)
        request: Context | None = message.execution
        if request is None:
            return
        message.runtime = perf_counter() - message.runtime
        try:
            task = request._task
            if task is not None:
                outcome = end_task(task, request, result, exception)
                message.outcome = leaving_chord(message, outcome)
            else:
                message.outcome = end_native(message, request, result, exception)
            if task_logger.isEnabledFor(logging.INFO):
                _log(message, result, exception)
        except Exception as error:
            # Without an outcome, whoever waits for the result would wait for ever.
            logger.exception("the ending of task %s could not be decided", message.message_id)
            message.outcome = self._reject(message.claim, error)
        finally:
            leave(request)


def end_task(
    task: RunnableTask[Any, Any],
    request: Context,
    value: Any,
    error: BaseException | None,
) -> Outcome:
    """Decide the ending of a task by Celery's rules, and call its handlers."""
    outcome = _decide(task, request, value, error)
    if isinstance(error, Reject):
        # What it collected stays where it is, with its messages.
        return outcome
    if request._chords:
        outcome = outcome._replace(chords=(*outcome.chords, *request._chords))
    if request._extends:
        outcome = outcome._replace(extends=tuple(request._extends))
    return outcome


def _decide(
    task: RunnableTask[Any, Any],
    request: Context,
    value: Any,
    error: BaseException | None,
) -> Outcome:
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
            return _handle(task, request, outcome, value, None)
    if isinstance(error, Ignore):
        outcome = endings.ignored(request, sent)
        if request.chord and not request._replaced:
            # A chord does not wait for ever for a part that will never come.
            return endings.with_consequences(
                outcome, task.consequences(request, states.IGNORED, None)
            )
        return outcome
    if isinstance(error, Reject):
        return _reject(task, request, error)
    info = ExceptionInfo(error)
    if isinstance(error, Retry):
        outcome = endings.retried(request, policy, error.exc, info.traceback, sent)
        return _handle(task, request, outcome, error.exc, info)
    caused = task.consequences(request, states.FAILURE, None, error, info.traceback)
    outcome = endings.failed(request, policy, error, info.traceback, sent)
    return _handle(task, request, endings.with_consequences(outcome, caused), error, info)


def end_revoked(task: RunnableTask[Any, Any] | None, request: Context, reason: str) -> Outcome:
    """Decide the ending of a task that is not to run any more."""
    outcome = endings.revoked(request, _policy(task), reason)
    if task is None:
        return outcome
    error = TaskRevokedError(reason)
    return endings.with_consequences(
        outcome, task.consequences(request, states.REVOKED, None, error)
    )


def end_lost(task: RunnableTask[Any, Any] | None, request: Context, limit: int) -> Outcome:
    """Decide the ending of a task that is not run again after its workers were lost; `limit` is `max_deliveries`."""
    error = WorkerLostError(
        f"the worker that ran the task was lost: delivered {limit} times, or acknowledged early, it is not run again"
    )
    logger.error("task %s[%s] is given up: %s", request.task, request.id, error)
    dead = endings.dead_letter("WorkerLostError", str(error))
    if task is None:
        return endings.failed(request, endings.DEFAULT_POLICY, error, None, dead=dead)
    with contextlib.suppress(Exception):
        # For the handlers; a task that cannot be loaded is as lost.
        task.load_arguments(request)
    return end_task(task, request, None, error)._replace(dead=dead)


def _reject(task: RunnableTask[Any, Any], request: Context, error: Reject) -> Outcome:
    if error.requeue:
        return endings.requeued(request, _as_it_was(request._delivery))
    dead = endings.dead_letter("Reject", str(error.reason))
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
    overridden = task.overridden
    if not overridden:
        return outcome
    name, with_info = _HANDLERS[outcome.state]
    task_id, args, kwargs = request.id or "", request.args, request.kwargs
    request._ending = True
    try:
        if name in overridden:
            handler = getattr(task, name)
            extra = (info,) if with_info else ()
            handler(value, task_id, args, kwargs, *extra)
        if outcome.state != states.RETRY and "after_return" in overridden:
            task.after_return(outcome.state, value, task_id, args, kwargs, info)
    except Exception:
        logger.exception("a handler of task %s[%s] failed", task.actor_name, task_id)
    if request._final_state is not None:
        return endings.custom(request, task.result_policy, outcome, *request._final_state)
    return outcome


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


#: Per state: the handler, and whether it takes the exception info.
_HANDLERS = {
    states.SUCCESS: ("on_success", False),
    states.RETRY: ("on_retry", True),
    states.FAILURE: ("on_failure", True),
}


def _policy(task: RunnableTask[Any, Any] | None) -> endings.ResultPolicy:
    return endings.DEFAULT_POLICY if task is None else task.result_policy


def _as_it_was(delivery: Delivery) -> Envelope:
    claim = delivery.claim
    return Envelope(claim.task_id, claim.queue, claim.priority, claim.body)


def _log(message: Delivery, result: Any, exception: BaseException | None) -> None:
    state = message.outcome.state if message.outcome is not None else "?"
    if exception is None:
        task_logger.info(
            "Task %s[%s] succeeded in %.6fs: %.200r",
            message.actor_name,
            message.message_id,
            message.runtime,
            result,
        )
    else:
        task_logger.info(
            "Task %s[%s] %s: %r", message.actor_name, message.message_id, state, exception
        )


#: Exceptions that tell how a task is to end; Dramatiq must not report them as failures.
CONTROL_FLOW: tuple[type[BaseException], ...] = (Ignore, Reject, Retry)
