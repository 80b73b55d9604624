"""The lifecycle of one execution: sets up its request, then turns what happened into an outcome.

This is the first middleware of the stack, so it runs first before a task and last after it: what
other middleware enqueued meanwhile (Dramatiq's retries, pipelines, callbacks) leaves in the same
commit.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn

import dramatiq
from dramatiq.broker import MessageProxy
from dramatiq.middleware import Middleware, SkipMessage

from taskhub import instrumentation, signals, states
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.forked_children import end_if_forked_child
from taskhub.engine.dramatiq.internals import exception_of, is_piped
from taskhub.engine.port.claims import Claim, GivenUp
from taskhub.exceptions import ChordError, OperationalError, WorkerLostError
from taskhub.execution import outcomes, request_classes, signal_dispatch
from taskhub.execution.decision import (
    Happened,
    as_failure,
    decide_outcome,
    lost,
    raised,
    returned,
    revoked,
    skipped,
    timed_out,
)
from taskhub.execution.event_loop import EventLoopLostError
from taskhub.execution.events import result_text
from taskhub.execution.exception_frames import clear_frames
from taskhub.execution.execution import Execution, execution_of
from taskhub.execution.request import Context, enter, is_expired, leave, request_of
from taskhub.execution.result_document import result_document
from taskhub.execution.runnable import NativeActor, RunnableTask
from taskhub.execution.time_limits import TimeLimits, seconds
from taskhub.logs.loggers import TRACE_LOGGER, adopt_loggers, logger_for
from taskhub.outcome import Outcome
from taskhub.worker.limits.executions import Executions
from taskhub.worker.node import Node
from taskhub.worker.rejection import requeue_outcome
from taskhub.worker.telemetry.event_emitter import EventEmitter
from taskhub.worker.telemetry.outcome_log import OutcomeLog, mute_dramatiq_lines
from taskhub.worker.thread_event_loops import allow_event_loops
from taskhub.worker.unknown_tasks import lost_deliveries

if TYPE_CHECKING:
    from dramatiq.worker import Worker

logger = logging.getLogger(__name__)

#: Options that say what a task needs and its message does not hold.
_LOADED = frozenset(("content", "chord_results", "chain_continuation"))


class Lifecycle(Middleware):
    """Gives every delivery a request before it runs and an outcome after it ran.

    Args:
        reject: makes the outcome of a message that cannot be begun, or whose outcome cannot be
            decided.
        node: stands for this worker as the sender of signals.
        event_emitter: emits events.
        native: returns what decides on a message of a native actor.
    """

    def __init__(
        self,
        reject: Callable[[Claim, Exception], Outcome],
        node: Node,
        event_emitter: EventEmitter,
        native: Callable[[EngineBroker, Delivery], NativeActor],
    ) -> None:
        self._native = native
        self._reject = reject
        self._node = node
        self._event_emitter = event_emitter
        self._lines = OutcomeLog(logger_for(TRACE_LOGGER))
        #: What runs in this process; others may end it.
        self.executions = Executions(reject)

    def before_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        allow_event_loops()
        conf = self._node.app.conf
        limits = seconds(conf.task_time_limit), seconds(conf.task_soft_time_limit)
        self.executions.serve(worker, TimeLimits(*limits))
        adopt_loggers()
        # Dramatiq's command line shows INFO unasked, and pipes each line through its parent
        # process, which costs as much as a small task; its own lines about messages are DEBUG.
        level = logging.DEBUG if is_piped(sys.stderr) else logging.INFO
        self._lines = OutcomeLog(logger_for(TRACE_LOGGER), level)

    def after_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        mute_dramatiq_lines()

    def after_declare_queue(self, broker: dramatiq.Broker, queue_name: str) -> None:
        # A running worker has a new thread for it, with a logger of its own.
        mute_dramatiq_lines()

    @property
    def actor_options(self) -> set[str]:
        return {"priority", "broker_priority", "ignore_result"}

    def before_process_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        assert isinstance(broker, EngineBroker)
        if message.exchange_loop is not None:
            message.exchange_loop.note_start()
        if instrumentation.active:
            instrumentation.begin(message, self._node.app)
        try:
            self._prepare(broker, message)
        except SkipMessage:
            raise
        except OperationalError as error:
            self._skip(message, requeue_outcome(message, error))
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            # Dramatiq would only log it, and run the task without its request.
            self._skip(message, self._undecided(message, error))

    def _prepare(self, broker: EngineBroker, message: Delivery) -> None:
        actor = broker.actors.get(message.actor_name)
        task = actor if isinstance(actor, RunnableTask) else None
        request = request_of(message, task, broker.nodename)
        message.execution = execution = execution_of(request)
        enter(request)
        if task is None:
            execution.native = self._native(broker, message)
        if self.executions.is_revoked(message):
            self._decide_unrun(execution, revoked("revoked"))
        deliveries = message.claim.delivery + lost_deliveries(message.options)
        if deliveries > 1 or message.claim.given_up is not None:
            self._check_deliveries(broker, message, execution, deliveries)
        if request.expires and is_expired(request.expires):
            self._decide_unrun(execution, revoked("expired"))
        if task is None:
            self._begin_native(execution, message)
            return
        if signals.task_received.receivers:
            signal_dispatch.received(self._node, request)
        if self._event_emitter.is_enabled:
            self._event_emitter.task_received(request)
        self._begin(broker, message, task, execution)
        message.runtime = perf_counter()

    def _check_deliveries(
        self,
        broker: EngineBroker,
        message: Delivery,
        execution: Execution,
        deliveries: int,
    ) -> None:
        """Skip a message that went over its hard limit elsewhere, or was delivered too often."""
        given_up = message.claim.given_up
        if given_up is GivenUp.TIMED_OUT and execution.task is not None:
            hard = self.executions.limits_of(execution.task, execution.request).hard
            self._decide_unrun(execution, timed_out(hard, elsewhere=True))
        limit = broker.engine.rules.max_deliveries
        if given_up is not None or deliveries > limit:
            self._decide_unrun(execution, lost(limit))

    def _begin_native(self, execution: Execution, message: Delivery) -> None:
        try:
            self._load(execution, message)
        except ChordError as error:
            self._fail_to_begin(execution, error)
        message.runtime = perf_counter()

    def _begin(
        self,
        broker: EngineBroker,
        message: Delivery,
        task: RunnableTask[Any, Any],
        execution: Execution,
    ) -> None:
        request = execution.request
        execution.thread_run = self.executions.begin(execution)
        exchange_loop = message.exchange_loop
        worker = exchange_loop.worker if exchange_loop is not None else ""
        if task.acknowledges_early:
            self._acknowledge(broker, worker, message)
        try:
            self._load(execution, message)
            execution.began = perf_counter()
            if self._event_emitter.is_enabled:
                self._event_emitter.task_started(request)
            if task.request_class is not None:
                request_classes.accepted(task, request)
            if signals.task_prerun.receivers:
                signal_dispatch.begins(task, request, message.args, message.kwargs)
            if task.track_started and not task.result_policy.ignores(request):
                self._store_started(broker, worker, message, task, request)
            if "before_start" in task.overridden:
                task.before_start(message.message_id, request.args, message.kwargs)
        except SkipMessage:
            raise
        except BaseException as error:
            self._fail_to_begin(execution, error)

    @classmethod
    def _fail_to_begin(cls, execution: Execution, error: BaseException) -> NoReturn:
        known = isinstance(error, ChordError)
        logger.log(
            logging.INFO if known else logging.ERROR,
            "task %s could not be begun: %s",
            execution.request.id,
            error,
            exc_info=not known,
        )
        cls._decide_unrun(execution, raised(error))

    def _load(self, execution: Execution, message: Delivery) -> None:
        """Load what the task needs and its message does not hold."""
        if _LOADED.isdisjoint(message.options):
            return
        try:
            execution.load()
        except OperationalError as error:
            self._skip(message, requeue_outcome(message, error))
        request = execution.request
        message.args, message.kwargs = tuple(request.args), request.kwargs

    def _acknowledge(self, broker: EngineBroker, worker: str, message: Delivery) -> None:
        try:
            stands = broker.engine.acknowledge(worker, message.claim)
        except OperationalError as error:
            # Begun now, it might be begun again elsewhere.
            self._skip(message, requeue_outcome(message, error))
        if not stands:
            logger.warning("task %s was taken away before it began", message.message_id)
            self._skip(message, outcomes.ignored(message.execution.request))

    @staticmethod
    def _report_error(message: Delivery, error: Exception) -> None:
        execution: Execution | None = message.execution
        if execution is not None and execution.task is not None:
            signal_dispatch.went_wrong(execution.task, execution.request, error)

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
        text = result_document(request, policy, states.STARTED, meta)
        try:
            broker.engine.store_state(
                message.message_id, text, policy.ttl, held=(worker, message.claim)
            )
        except OperationalError as error:
            logger.warning("%s; task %s runs without having stored it", error, message.message_id)

    @staticmethod
    def _skip(message: Delivery, outcome: Outcome) -> NoReturn:
        message.outcome = outcomes.consuming(message, outcome)
        raise SkipMessage(outcome.state)

    @classmethod
    def _decide_unrun(cls, execution: Execution, happened: Happened) -> NoReturn:
        """Decide the outcome of a task whose body is not called."""
        assert execution.delivery is not None
        cls._skip(execution.delivery, decide_outcome(execution, happened))

    def after_skip_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        if message.execution is not None:
            if message.outcome is None:
                message.outcome = self._skipped(message, message.execution)
                self._lines.skipped(message.execution.request)
            message.runtime = 0.0
            self._leave(message.execution)
        if message.runs is not None:
            self._end_runs(message)

    def _skipped(self, message: Delivery, execution: Execution) -> Outcome:
        """Return the outcome of a message that other middleware has skipped."""
        try:
            return decide_outcome(execution, skipped(message))
        except OperationalError as error:
            return requeue_outcome(message, error)
        except BaseException as error:
            return self._undecided(message, error)

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        assert isinstance(message, Delivery)
        execution: Execution | None = message.execution
        if execution is None:
            return
        message.runtime = perf_counter() - message.runtime
        try:
            if message.settled:
                return
            if isinstance(exception, EventLoopLostError):
                message.outcome = requeue_outcome(message, exception)
                return
            if exception is None and message.failed:
                # By other middleware: Dramatiq makes it a dead letter, whatever the actor returned.
                exception = exception_of(message) or SkipMessage("failed by middleware")
            if execution.native is None and self._event_emitter.is_enabled and exception is None:
                execution.result_text = result_text(result)
            happened = returned(result) if exception is None else raised(exception)
            message.outcome = decide_outcome(execution, happened)
        except OperationalError as error:
            # What follows in its chain could not be read.
            message.outcome = requeue_outcome(message, error)
        except BaseException as error:
            # Without an outcome, callers that wait for the result would wait forever.
            message.outcome = self._undecided(message, error)
        else:
            self._log(execution, message, result, exception)
        finally:
            self._leave(execution)
            if message.runs is not None:
                self._end_runs(message)
            # Its frames refer to the message, and that to the execution.
            execution.failure = None
            clear_frames(exception)

    def _undecided(self, message: Delivery, error: BaseException) -> Outcome:
        """Return the outcome of a task whose own could not be decided."""
        end_if_forked_child(error)
        try:
            logger.error(
                "the outcome of task %s could not be decided", message.message_id, exc_info=error
            )
            failure = as_failure(error)
            assert isinstance(failure, Exception)
            self._report_error(message, failure)
            return self._reject(message.claim, failure)
        except BaseException:
            # E.g. an exception whose text raises another.
            lost = WorkerLostError(f"the outcome could not be decided: {type(error).__qualname__}")
            return self._reject(message.claim, lost)

    def _log(
        self, execution: Execution, message: Delivery, result: Any, exception: BaseException | None
    ) -> None:
        """Log the outcome of a task; what it returned may have been refused."""
        try:
            self._write_line(execution, message, result, exception)
        except BaseException:
            # E.g. a result whose text raises `SystemExit`: the task has ended all the same.
            logger.warning(
                "task %s has ended; the line about it could not be written", message.message_id
            )

    def _write_line(
        self, execution: Execution, message: Delivery, result: Any, exception: BaseException | None
    ) -> None:
        request, error = execution.request, execution.failure or exception
        if error is None:
            self._lines.succeeded(request, message.runtime, result)
        else:
            state = states.FAILURE if message.outcome is None else message.outcome.state
            self._lines.ended(request, state, error, execution.native)

    @staticmethod
    def _end_runs(message: Delivery) -> None:
        if not message.settled:
            instrumentation.end(message, message.outcome)
        instrumentation.leave(message)

    def _leave(self, execution: Execution) -> None:
        run, execution.thread_run = execution.thread_run, None
        if run is not None:
            # From here on nobody else can end it, unless somebody has.
            if not run.settle():
                run.delivery.settled = True
            self.executions.end(run)
        leave(execution.request)
