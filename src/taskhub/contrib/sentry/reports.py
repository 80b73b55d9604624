"""Errors, transactions and spans of messages and runs, and the headers that connect them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

import sentry_sdk
from sentry_sdk.consts import OP, SPANDATA, SPANSTATUS
from sentry_sdk.scope import should_send_default_pii, use_isolation_scope
from sentry_sdk.tracing import TransactionSource
from sentry_sdk.utils import event_from_exception

from taskhub import states
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.exceptions import SoftTimeLimitExceeded
from taskhub.execution.execution import Execution
from taskhub.instrumentation import Headers, Instrument, OutgoingMessage, Sending, headers_of
from taskhub.outcome import Outcome
from taskhub.serialization.excerpt import Excerpts

if TYPE_CHECKING:
    from taskhub.contrib.sentry.integration import TaskhubIntegration

ORIGIN: Final = "auto.queue.taskhub"
#: What a transaction is about; the span in it is `queue.process`.
OPERATION: Final = "queue.task.taskhub"
#: What runs tasks, by its packages.
_FRAMEWORK: Final = frozenset(("taskhub", "dramatiq", "asyncio", "concurrent"))
_TRACE: Final = "sentry-trace"
_BAGGAGE: Final = "baggage"
#: The statuses of transactions whose task has not failed.
_STATUSES: Final = {
    states.SUCCESS: SPANSTATUS.OK,
    states.IGNORED: SPANSTATUS.OK,
    states.RETRY: SPANSTATUS.ABORTED,
    states.REJECTED: SPANSTATUS.ABORTED,
    states.REVOKED: SPANSTATUS.CANCELLED,
}


class Sentry(Instrument):
    """Makes the reports, where the client of the present scope has the integration.

    Args:
        find_integration: Returns the integration; None: it is off here.
    """

    def __init__(self, find_integration: Callable[[], TaskhubIntegration | None]) -> None:
        self._find = find_integration

    # -- messages

    def create(self, message: OutgoingMessage) -> Headers:
        sending = self.send(message)
        sending.end(None)
        return sending.headers

    def send(self, message: OutgoingMessage) -> Sending:
        integration = self._find()
        if integration is None:
            return Sending()
        return _PublishSpan(message, integration.propagate_traces)

    # -- runs

    def begin(self, delivery: Delivery, app: Any) -> _Run | None:
        integration = self._find()
        if integration is None:
            return None
        run = _Run(delivery, app, integration)
        if run.entry and integration.monitors is not None:
            integration.monitors.begin(app, run.entry, delivery.message_id)
        return run

    def end(self, run: _Run | None, delivery: Delivery, outcome: Outcome | None) -> None:
        if run is None:
            return
        with use_isolation_scope(run.scope):
            run.end(delivery, outcome)
            monitors = run.integration.monitors
            if run.entry and monitors is not None:
                took = perf_counter() - run.began
                monitors.end(run.app, run.entry, delivery.message_id, outcome, took)

    def leave(self, run: _Run | None) -> None:
        if run is not None:
            run.close()

    def resume(self, run: _Run | None) -> AbstractContextManager[Any]:
        return ExitStack() if run is None else use_isolation_scope(run.scope)


class _PublishSpan(Sending):
    """The span `queue.publish` of a call, and the headers that name it."""

    def __init__(self, message: OutgoingMessage, propagates: bool) -> None:
        self._span = sentry_sdk.start_span(op=OP.QUEUE_PUBLISH, name=message.task, origin=ORIGIN)
        self._span.__enter__()
        self._span.set_data(SPANDATA.MESSAGING_SYSTEM, "taskhub")
        self._span.set_data(SPANDATA.MESSAGING_MESSAGE_ID, message.task_id)
        self._span.set_data(SPANDATA.MESSAGING_DESTINATION_NAME, message.queue)
        retries = message.options.get("retries") or 0
        self._span.set_data(SPANDATA.MESSAGING_MESSAGE_RETRY_COUNT, retries)
        if propagates:
            found = {
                _TRACE: sentry_sdk.get_traceparent(),
                _BAGGAGE: sentry_sdk.get_baggage(),
            }
            self.headers = {name: value for name, value in found.items() if value}

    def end(self, error: BaseException | None) -> None:
        self._span.__exit__(None if error is None else type(error), error, None)


class _Run:
    """The scope and the transaction of a run."""

    def __init__(self, delivery: Delivery, app: Any, integration: TaskhubIntegration) -> None:
        self.app = app
        self.integration = integration
        self.began = perf_counter()
        headers = headers_of(delivery.options)
        #: The periodic job whose run it is; "": of none.
        self.entry = str(headers.get("periodic_entry") or "")
        self._held = ExitStack()
        self.scope = self._held.enter_context(sentry_sdk.isolation_scope())
        self.scope.clear_breadcrumbs()
        self.scope.set_tag("taskhub.task", delivery.actor_name)
        self.scope.set_tag("taskhub.task_id", delivery.message_id)
        self.scope.add_event_processor(lambda event, hint: _complete(event, hint, delivery, app))
        carried = {name: headers[name] for name in (_TRACE, _BAGGAGE) if name in headers}
        self._transaction = self._held.enter_context(
            sentry_sdk.start_transaction(
                sentry_sdk.continue_trace(
                    carried,
                    op=OPERATION,
                    name=delivery.actor_name,
                    source=TransactionSource.TASK,
                    origin=ORIGIN,
                ),
                custom_sampling_context={
                    "taskhub": {"task": delivery.actor_name, "queue": delivery.queue_name}
                },
            )
        )
        self._span = self._held.enter_context(
            sentry_sdk.start_span(op=OP.QUEUE_PROCESS, name=delivery.actor_name, origin=ORIGIN)
        )
        for each in (self._transaction, self._span):
            for name, value in _data_of(delivery).items():
                each.set_data(name, value)

    def end(self, delivery: Delivery, outcome: Outcome | None) -> None:
        """Report how it has ended, in its isolation scope."""
        execution: Execution | None = delivery.execution
        state = "" if outcome is None else outcome.state
        failed = outcome is None or outcome.error is not None
        status = SPANSTATUS.INTERNAL_ERROR if failed else _STATUSES.get(state, SPANSTATUS.OK)
        for each in (self._transaction, self._span):
            each.set_status(status)
            each.set_data("taskhub.task.state", state)
        error = None if execution is None else execution.failure
        if not failed or error is None or _is_expected(execution, error):
            return
        event, hint = event_from_exception(
            (type(error), error, traceback_of_users(error)),
            client_options=sentry_sdk.get_client().options,
            mechanism={"type": "taskhub", "handled": False},
        )
        sentry_sdk.capture_event(event, hint=hint)

    def close(self) -> None:
        """End transaction and scope, in the thread that began them."""
        self._held.close()


def _data_of(delivery: Delivery) -> dict[str, Any]:
    """Return what Sentry's page of queues shows."""
    found: dict[str, Any] = {
        SPANDATA.MESSAGING_SYSTEM: "taskhub",
        SPANDATA.MESSAGING_MESSAGE_ID: delivery.message_id,
        SPANDATA.MESSAGING_DESTINATION_NAME: delivery.queue_name,
        SPANDATA.MESSAGING_MESSAGE_RETRY_COUNT: delivery.options.get("retries") or 0,
        "messaging.message.body.size": len(delivery.claim.body),
    }
    waited = delivery.claim.waited
    if waited is not None:
        wait = waited + max(0.0, perf_counter() - delivery.received)
        found[SPANDATA.MESSAGING_MESSAGE_RECEIVE_LATENCY] = round(wait * 1000, 3)
    return found


def _complete(event: Any, hint: Mapping[str, Any], delivery: Delivery, app: Any) -> Any:
    """Return an event of a run with what is known of its task; arguments only if that is wanted."""
    found: dict[str, Any] = {
        "task": delivery.actor_name,
        "id": delivery.message_id,
        "queue": delivery.queue_name,
        "retries": delivery.options.get("retries") or 0,
        "deliveries": delivery.claim.delivery,
    }
    if _sends_arguments():
        hidden = app.conf.task_redact or ()
        found["arguments"] = Excerpts(hidden).of_call(delivery.args, delivery.kwargs)
    event.setdefault("contexts", {})["taskhub"] = found
    raised = hint.get("exc_info")
    if raised and issubclass(raised[0], SoftTimeLimitExceeded):
        # Where it strikes is chance: all of one task are one issue.
        event["fingerprint"] = ["taskhub", "SoftTimeLimitExceeded", delivery.actor_name]
    return event


def traceback_of_users(error: BaseException) -> TracebackType | None:
    """Return the traceback of an exception from where the task's own code begins.

    The variables of the frames before it are messages and requests, which hold the arguments.
    """
    found = error.__traceback__
    while found is not None and _is_ours(found):
        found = found.tb_next
    return found


def _is_ours(found: TracebackType) -> bool:
    module = str(found.tb_frame.f_globals.get("__name__", ""))
    return module.partition(".")[0] in _FRAMEWORK and not module.startswith("taskhub.actors.")


def _sends_arguments() -> bool:
    """Whether the client may send arguments: by `data_collection`, or else `send_default_pii`."""
    collection = sentry_sdk.get_client().options.get("data_collection")
    if isinstance(collection, Mapping) and "queues" in collection:
        return bool(collection["queues"])
    return bool(should_send_default_pii())


def _is_expected(execution: Execution | None, error: BaseException) -> bool:
    task = None if execution is None else execution.task
    throws = tuple(getattr(task, "throws", None) or ())
    return bool(throws) and isinstance(error, throws)
