"""Outcomes of native actors: by Dramatiq's rules, with what Celery's callers have linked to them.

Dramatiq's middleware has retried or failed them before.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Protocol

from dramatiq.middleware import SkipMessage
from dramatiq.results import Results

from taskhub import states
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.internals import exception_of
from taskhub.engine.dramatiq.middleware_broker import captured_envelopes
from taskhub.exceptions import TaskRevokedError, WorkerLostError
from taskhub.execution import outcomes
from taskhub.execution.decision import as_failure
from taskhub.execution.exception_info import ExceptionInfo
from taskhub.execution.execution import execution_of
from taskhub.execution.request import Context
from taskhub.execution.result_policy import ResultPolicy
from taskhub.execution.time_limits import seconds
from taskhub.outcome import Consequences, Outcome
from taskhub.worker.native_results import EngineResultBackend, encode_value

logger = logging.getLogger(__name__)

#: The values of `result_backend` that switch results off.
_DISABLED = frozenset(("disabled", "disabled://"))


class CanvasMembership(Protocol):
    """What a call has to do with the canvas that it is part of; the facade's answers."""

    def load(self, request: Context) -> None:
        """Complete a request by what its message does not hold."""
        ...

    def consequences(
        self,
        request: Context,
        state: str,
        value: Any,
        error: BaseException | None = None,
        traceback: str | None = None,
    ) -> Consequences:
        """Return the consequences of an outcome."""
        ...

    def after_failure(self, request: Context, error: Exception) -> Consequences:
        """Return what the failure of a call causes whose task is not registered here."""
        ...


class NativeOutcomes:
    """Decides how the messages of native actors end.

    Args:
        conf: The app's configuration.
        canvas: Completes requests, and computes the consequences of outcomes.
    """

    def __init__(self, conf: Any, canvas: CanvasMembership) -> None:
        self._conf = conf
        self._canvas = canvas

    def load(self, message: Delivery, request: Context) -> None:
        """Complete a request, and its message, by what Celery's callers stored elsewhere.

        Raises:
            OperationalError: The store is out of reach.
            ChordError: A task of the header of a chord has failed, of which this is the body.
        """
        self._canvas.load(request)
        message.args, message.kwargs = tuple(request.args), request.kwargs

    def end(
        self,
        broker: EngineBroker,
        message: Delivery,
        request: Context,
        value: Any,
        error: BaseException | None,
    ) -> Outcome:
        """Decide the outcome of an actor that has run, or could not be begun."""
        policy = self.policy(broker, message, request)
        sent = tuple(captured_envelopes())
        if error is None:
            try:
                caused = self._canvas.consequences(request, states.SUCCESS, value)
                outcome = outcomes.succeeded(request, policy, encode_value(value), sent)
            except Exception as problem:
                error = problem
                message.fail()
            else:
                return self._released(message, outcome, caused)
        execution_of(request).failure = error = as_failure(error)
        info = ExceptionInfo(error)
        error = _storable(error)
        retried = any(envelope.task_id == message.message_id for envelope in sent)
        if retried and not message.failed:
            outcome = outcomes.retried(request, policy, error, info.traceback, sent)
            # What runs again is given the header's values again.
            return outcomes.consuming(message, outcome)._replace(consumed_chord=None)
        return self._failed(message, request, policy, error, info.traceback, sent)

    def skip(self, broker: EngineBroker, message: Delivery, request: Context) -> Outcome:
        """Decide the outcome of a message that middleware skipped: it returned None, or failed."""
        policy = self.policy(broker, message, request)
        if message.failed:
            error = exception_of(message) or SkipMessage("skipped by middleware")
            return self._failed(message, request, policy, error, None, tuple(captured_envelopes()))
        return self.end(broker, message, request, None, None)

    def revoke(
        self, broker: EngineBroker, message: Delivery, request: Context, reason: str
    ) -> Outcome:
        """Decide the outcome of an actor that is not to run any more."""
        outcome = outcomes.revoked(request, self.policy(broker, message, request), reason)
        error = TaskRevokedError(reason)
        caused = self._canvas.consequences(request, states.REVOKED, None, error)
        return self._released(message, outcome, caused)

    def lose(
        self, broker: EngineBroker, message: Delivery, request: Context, limit: int
    ) -> Outcome:
        """Decide the outcome of an actor that is not run again after its workers were lost."""
        error = WorkerLostError(
            f"the worker that ran the task was lost: delivered {limit} times, it is not run again"
        )
        logger.error("task %s[%s] is given up: %s", request.task, request.id, error)
        policy = self.policy(broker, message, request)
        return self._failed(message, request, policy, error, None, ())

    def policy(self, broker: EngineBroker, message: Delivery, request: Context) -> ResultPolicy:
        """Return what is stored of an actor's result, by Dramatiq's options, then the settings."""
        conf = self._conf
        results = next((one for one in broker.middleware if isinstance(one, Results)), None)
        if (
            results is None
            or not isinstance(results.backend, EngineResultBackend)
            or conf.result_backend in _DISABLED
        ):
            # There are none, or they are stored elsewhere.
            return ResultPolicy(ignore_result=True)
        actor = broker.actors.get(message.actor_name)
        places = (message.options, actor.options if actor is not None else {})
        ttl = _first(places, "result_ttl") or results.result_ttl
        failure_ttl = ttl
        if ttl is None:
            ttl = failure_ttl = _milliseconds(conf.result_expires)
            if conf.result_failure_expires is not None:
                failure_ttl = _milliseconds(conf.result_failure_expires)
        return ResultPolicy(
            ignore_result=not stores_result(conf, results, places),
            store_errors_even_if_ignored=bool(conf.task_store_errors_even_if_ignored),
            ttl=ttl,
            failure_ttl=failure_ttl,
            extended=bool(conf.result_extended),
        )

    def _failed(
        self,
        message: Delivery,
        request: Context,
        policy: ResultPolicy,
        error: BaseException,
        traceback: str | None,
        sent: tuple[Any, ...],
    ) -> Outcome:
        dead = outcomes.dead_letter(type(error).__name__, str(error), traceback)
        outcome = outcomes.failed(request, policy, error, traceback, sent, dead=dead)
        caused = self._canvas.consequences(request, states.FAILURE, None, error, traceback)
        return self._released(message, outcome, caused)

    @staticmethod
    def _released(message: Delivery, outcome: Outcome, caused: Consequences) -> Outcome:
        return outcomes.consuming(message, outcomes.with_consequences(outcome, caused))


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


def stores_result(conf: Any, results: Results, places: tuple[Mapping[str, Any], ...]) -> bool:
    """Return whether a native actor's result is stored.

    The first that says something decides: the message, the actor (`store_results`, or Celery's
    `ignore_result`), the `Results` middleware, and `task_ignore_result` where it is set. Nobody
    saying anything means no, as in Dramatiq.
    """
    for options in places:
        if options.get("store_results") is not None:
            return bool(options["store_results"])
        if options.get("ignore_result") is not None:
            return not options["ignore_result"]
    if results.store_results:
        return True
    return conf.value_set_for("task_ignore_result") and not conf.task_ignore_result


def _first(places: tuple[Mapping[str, Any], ...], name: str) -> Any:
    return next((one[name] for one in places if one.get(name) is not None), None)


def _milliseconds(value: Any) -> int | None:
    """Return a duration of a setting in milliseconds; None: no end."""
    found = seconds(value)
    return int(found * 1000) if found else None
