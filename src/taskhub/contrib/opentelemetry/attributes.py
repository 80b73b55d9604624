"""Names and values of attributes: OpenTelemetry's messaging conventions, and ours beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from taskhub import states
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.exceptions import Retry
from taskhub.execution.execution import Execution
from taskhub.instrumentation import OutgoingMessage, headers_of
from taskhub.outcome import Outcome

Value = str | int | float | bool
Attributes = dict[str, Value]

SYSTEM: Final = "messaging.system"
DESTINATION: Final = "messaging.destination.name"
OPERATION_NAME: Final = "messaging.operation.name"
OPERATION_TYPE: Final = "messaging.operation.type"
MESSAGE_ID: Final = "messaging.message.id"
CONVERSATION_ID: Final = "messaging.message.conversation_id"
BATCH_COUNT: Final = "messaging.batch.message_count"
CLIENT_ID: Final = "messaging.client.id"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
ERROR_TYPE: Final = "error.type"

TASK: Final = "taskhub.task.name"
STATE: Final = "taskhub.task.state"
RETRIES: Final = "taskhub.task.retries"
REVOKED: Final = "taskhub.task.revoked"
GROUP: Final = "taskhub.group.id"
ENTRY: Final = "taskhub.schedule.entry"
DELIVERIES: Final = "taskhub.message.deliveries"
WAIT: Final = "taskhub.message.wait_time"
MESSAGE_STATE: Final = "taskhub.message.state"

#: The value of `error.type` for an error of which nothing is known.
OTHER: Final = "_OTHER"


def of_operation(name: str, kind: str, queue: str | None) -> Attributes:
    """Return the attributes of an operation.

    Args:
        name: Its name, e.g. "send".
        kind: One of the types of the conventions.
        queue: Its queue; None: there are several.
    """
    found: Attributes = {SYSTEM: "taskhub", OPERATION_NAME: name, OPERATION_TYPE: kind}
    if queue is not None:
        found[DESTINATION] = queue
    return found


def of_server(broker: Any) -> Attributes:
    """Return the address of the store of a broker; {}: it is in this process, or not known."""
    try:
        stores = broker.engine.stores
    except Exception:
        # A setting is wrong: whatever uses the store raises that.
        return {}
    if not stores.is_shared or not stores.broker.addresses:
        return {}
    host, port = stores.broker.addresses[0]
    return {SERVER_ADDRESS: host, SERVER_PORT: port}


def of_outgoing(message: OutgoingMessage) -> Attributes:
    """Return the attributes of a message that is made."""
    options = message.options
    return {
        MESSAGE_ID: message.task_id,
        TASK: message.task,
        **_of_options(options, message.task_id),
    }


def of_delivery(delivery: Delivery, wait: float | None) -> Attributes:
    """Return the attributes of a delivered message.

    Args:
        delivery: The message.
        wait: How long it was ready, seconds; None: unknown.
    """
    found: Attributes = {
        MESSAGE_ID: delivery.message_id,
        TASK: delivery.actor_name,
        DELIVERIES: delivery.claim.delivery,
        **_of_options(delivery.options, delivery.message_id),
    }
    if wait is not None:
        found[WAIT] = round(wait, 6)
    if delivery.exchange_loop is not None:
        found[CLIENT_ID] = delivery.exchange_loop.worker
    return found


def _of_options(options: Mapping[str, Any], task_id: str) -> Attributes:
    found: Attributes = {CONVERSATION_ID: str(options.get("root_id") or task_id)}
    if isinstance(options.get("retries"), int) and options["retries"]:
        found[RETRIES] = options["retries"]
    if options.get("group"):
        found[GROUP] = str(options["group"])
    entry = headers_of(options).get("periodic_entry")
    if entry:
        found[ENTRY] = str(entry)
    return found


class End(NamedTuple):
    """How a run has ended."""

    #: The state of the task; "": unknown.
    state: str
    #: The class of what it failed with; "": it has not failed.
    error_type: str = ""
    #: What it raised, where that is at hand.
    error: BaseException | None = None
    #: Why it runs again; None: it does not, or no reason was given.
    retry: BaseException | None = None
    #: Why it was not to run any more; "": it was.
    revoked: str = ""
    #: Whether the failure is one that the task names in `throws`.
    is_expected: bool = False


def end_of(execution: Execution | None, outcome: Outcome | None) -> End:
    """Return how a run has ended.

    Args:
        execution: The run; None: it could not be begun.
        outcome: Its outcome; None: it could not be decided.
    """
    if outcome is None:
        return End("", OTHER)
    failure = None if execution is None else execution.failure
    if outcome.state == states.RETRY:
        reason = failure.exc if isinstance(failure, Retry) else failure
        return End(outcome.state, retry=reason)
    if outcome.state == states.REVOKED:
        return End(outcome.state, revoked=(execution and execution.revoked) or "revoked")
    if outcome.error is None:
        return End(outcome.state)
    task = None if execution is None else execution.task
    throws = tuple(getattr(task, "throws", None) or ())
    if failure is None:
        return End(outcome.state, outcome.error.partition("\n")[0])
    return End(
        outcome.state,
        name_of(type(failure)),
        failure,
        is_expected=bool(throws) and isinstance(failure, throws),
    )


def name_of(kind: type[BaseException]) -> str:
    """Return the name of an exception's class as `error.type` has it."""
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"
