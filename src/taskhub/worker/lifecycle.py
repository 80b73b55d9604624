"""The lifecycle of one execution: sets up its request, then turns what happened into an outcome.

This is the first middleware of the stack, so it runs first before a task and last after it: what other middleware
enqueued meanwhile (Dramatiq's retries, pipelines, callbacks) leaves in the same commit.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any, NoReturn

import dramatiq
from dramatiq.broker import MessageProxy
from dramatiq.compat import StreamablePipe
from dramatiq.middleware import Middleware, SkipMessage

from taskhub import signals, states
from taskhub.engine.broker import EngineBroker
from taskhub.engine.delivery import Delivery
from taskhub.engine.port import Claim
from taskhub.exceptions import ChordError, OperationalError
from taskhub.outcome import Outcome
from taskhub.worker import endings, own_requests, telling
from taskhub.worker.context import Context, enter, is_expired, leave, request_of
from taskhub.worker.deciding import (
    end_lost,
    end_native,
    end_overdue_elsewhere,
    end_revoked,
    end_skipped,
    end_task,
)
from taskhub.worker.eventing import Eventing
from taskhub.worker.events import result_text
from taskhub.worker.limits.executions import Executions
from taskhub.worker.limits.time_limits import TimeLimits, seconds
from taskhub.worker.node import Node
from taskhub.worker.rejecting import put_back
from taskhub.worker.runnable import RunnableTask

if TYPE_CHECKING:
    from dramatiq.worker import Worker

logger = logging.getLogger(__name__)

#: One line per task that ends, see `Lifecycle`; `taskhub worker --loglevel info` and `dramatiq -v` turn it on.
task_logger = logging.getLogger("taskhub.task")

#: Options that tell of what a task needs and its message does not hold.
_LOADED = frozenset(("content", "joins", "chain_rest"))


class Lifecycle(Middleware):
    """Gives every delivery a request before it runs and an outcome after it ran.

    Parameters:
      reject: makes the outcome of a message that cannot be begun, or whose ending cannot be decided.
      node: stands for this worker as the sender of signals.
      eventing: tells whoever watches.
    """

    def __init__(
        self, reject: Callable[[Claim, Exception], Outcome], node: Node, eventing: Eventing
    ) -> None:
        self._reject = reject
        self._node = node
        self._eventing = eventing
        self._line_level = logging.INFO
        #: What runs in this process; others may end it.
        self.executions = Executions(reject)

    def before_worker_boot(self, broker: dramatiq.Broker, worker: Worker) -> None:
        conf = self._node.app.conf
        limits = seconds(conf.task_time_limit), seconds(conf.task_soft_time_limit)
        self.executions.serve(worker, TimeLimits(*limits))
        if isinstance(sys.stderr, StreamablePipe):
            # Dramatiq's command line shows INFO unasked, and pipes each line through its parent process, which costs as
            # much as a small task; its own lines about messages are DEBUG.
            self._line_level = logging.DEBUG

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
        except OperationalError as error:
            self._skip(message, put_back(message, error))
        except Exception as error:
            # Dramatiq would only log it, and run the task without its request.
            logger.exception("task %s could not be begun", message.message_id)
            self._tell_of_error(message, error)
            self._skip(message, self._reject(message.claim, error))

    def _prepare(self, broker: EngineBroker, message: Delivery) -> None:
        actor = broker.actors.get(message.actor_name)
        task = actor if isinstance(actor, RunnableTask) else None
        request = request_of(message, task, broker.nodename)
        message.execution = request
        enter(request)
        if self.executions.is_revoked(message):
            self._skip(message, end_revoked(task, request, "revoked"))
        limit = broker.engine.rules.max_deliveries
        if message.claim.overdue and task is not None:
            hard = self.executions.limits_of(task, request).hard
            self._skip(message, end_overdue_elsewhere(task, request, hard))
        if message.claim.delivery > limit:
            self._skip(message, end_lost(task, request, limit))
        if request.expires and is_expired(request.expires):
            self._skip(message, end_revoked(task, request, "expired"))
        if task is not None:
            if signals.task_received.receivers:
                telling.received(self._node, request)
            if self._eventing.is_on:
                self._eventing.received(request)
            self._begin(broker, message, task, request)
        message.runtime = perf_counter()

    def _begin(
        self,
        broker: EngineBroker,
        message: Delivery,
        task: RunnableTask[Any, Any],
        request: Context,
    ) -> None:
        request._execution = self.executions.begin(message, task, request)
        courier = broker.courier
        worker = courier.worker if courier is not None else ""
        if task.acknowledges_early:
            self._acknowledge(broker, worker, message)
        try:
            if not _LOADED.isdisjoint(message.options):
                self._load(message, task, request)
            request._began = perf_counter()
            if self._eventing.is_on:
                self._eventing.started(request)
            if task.request_class is not None:
                own_requests.accepted(task, request)
            if signals.task_prerun.receivers:
                telling.begins(task, request, message.args, message.kwargs)
            if task.track_started and not task.result_policy.ignores(request):
                self._store_started(broker, worker, message, task, request)
            if "before_start" in task.overridden:
                task.before_start(message.message_id, request.args, message.kwargs)
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

    def _load(self, message: Delivery, task: RunnableTask[Any, Any], request: Context) -> None:
        try:
            task.load(request)
        except OperationalError as error:
            self._skip(message, put_back(message, error))
        message.args, message.kwargs = tuple(request.args), request.kwargs

    def _acknowledge(self, broker: EngineBroker, worker: str, message: Delivery) -> None:
        try:
            stands = broker.engine.acknowledge(worker, message.claim)
        except OperationalError as error:
            # Begun now, it might be begun again elsewhere.
            self._skip(message, put_back(message, error))
        if not stands:
            logger.warning("task %s was taken away before it began", message.message_id)
            self._skip(message, endings.ignored(message.execution))

    @staticmethod
    def _tell_of_error(message: Delivery, error: Exception) -> None:
        request: Context | None = message.execution
        if request is not None and request._task is not None:
            telling.went_wrong(request._task, request, error)

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
        message.outcome = endings.releasing(message, outcome)
        raise SkipMessage(outcome.state)

    def after_skip_message(self, broker: dramatiq.Broker, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        if message.execution is None:
            return
        if message.outcome is None:
            outcome = end_skipped(message, message.execution)
            message.outcome = endings.releasing(message, outcome)
        message.runtime = 0.0
        self._leave(message.execution)

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
            if message.settled:
                return
            if task is not None:
                if self._eventing.is_on and exception is None:
                    request._result_text = result_text(result)
                outcome = end_task(task, request, result, exception)
                message.outcome = endings.releasing(message, outcome)
            else:
                message.outcome = end_native(message, request, result, exception)
            if task_logger.isEnabledFor(self._line_level):
                _log(self._line_level, message, result, exception)
        except OperationalError as error:
            # What follows in its chain could not be read.
            message.outcome = put_back(message, error)
        except Exception as error:
            # Without an outcome, whoever waits for the result would wait for ever.
            logger.exception("the ending of task %s could not be decided", message.message_id)
            self._tell_of_error(message, error)
            message.outcome = self._reject(message.claim, error)
        finally:
            self._leave(request)

    def _leave(self, request: Context) -> None:
        execution, request._execution = request._execution, None
        if execution is not None:
            # From here on nobody else can end it, unless somebody has.
            if not execution.settle():
                execution.delivery.settled = True
            self.executions.end(execution)
        leave(request)


def _log(level: int, message: Delivery, result: Any, exception: BaseException | None) -> None:
    state = message.outcome.state if message.outcome is not None else "?"
    if exception is None:
        task_logger.log(
            level,
            "Task %s[%s] succeeded in %.6fs: %.200r",
            message.actor_name,
            message.message_id,
            message.runtime,
            result,
        )
    else:
        task_logger.log(
            level, "Task %s[%s] %s: %r", message.actor_name, message.message_id, state, exception
        )
