"""Commands about tasks: active, reserved, scheduled, revoked."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.inspection import Delayed
from taskhub.exceptions import DecodeError
from taskhub.execution.execution import Execution
from taskhub.execution.request import REPR_LENGTH
from taskhub.message import decode_body
from taskhub.serialization.safe_repr import safe_repr
from taskhub.worker.control.panel import inspect_command
from taskhub.worker.control.plain_values import as_plain
from taskhub.worker.control.state import WorkerState

#: Delayed tasks in one reply, the soonest; `taskhub queues NAME --delayed` pages through all.
MOST_SCHEDULED = 1000
#: Revoked ids in one reply, as many as Celery's workers remember.
MOST_REVOKED = 50_000
#: Stands for arguments that only the task itself can read.
UNREAD = "..."


@inspect_command(alias="dump_active")
def active(state: WorkerState, safe: bool = False, **kwargs: Any) -> list[dict[str, Any]]:
    """List of tasks currently being executed."""
    return [_running(state, delivery, safe) for delivery in state.activity.running]


@inspect_command(alias="dump_reserved")
def reserved(state: WorkerState, safe: bool = False, **kwargs: Any) -> list[dict[str, Any]]:
    """List of currently reserved tasks, not including scheduled/active."""
    return [_claimed(state, claim, safe) for claim in state.waiting]


@inspect_command(alias="dump_schedule")
def scheduled(state: WorkerState, safe: bool = False, **kwargs: Any) -> list[dict[str, Any]]:
    """List of ETA/countdown tasks in the queues that this worker serves; each is listed once."""
    queues = state.reported_queues()
    if not queues:
        return []
    page = state.engine.delayed(0, MOST_SCHEDULED, queues)
    return [_delayed(state, entry, safe) for entry in page]


@inspect_command(alias="dump_revoked")
def revoked(state: WorkerState, **kwargs: Any) -> list[str]:
    """List of revoked task-ids."""
    return state.engine.revoked(0, MOST_REVOKED)


@inspect_command(variadic="ids", signature="[id1 [id2 [... [idN]]]]")
def query_task(state: WorkerState, ids: Any, **kwargs: Any) -> dict[str, list[Any]]:
    """Query for task information by id."""
    wanted = set(ids) if isinstance(ids, list | tuple | set) else {ids}
    found: dict[str, list[Any]] = {}
    for claim in state.waiting:
        if claim.task_id in wanted:
            found[claim.task_id] = ["reserved", _claimed(state, claim, safe=False)]
    for delivery in state.activity.running:
        if delivery.message_id in wanted:
            found[delivery.message_id] = ["active", _running(state, delivery, safe=False)]
    return found


def _running(state: WorkerState, delivery: Delivery, safe: bool) -> dict[str, Any]:
    execution: Execution = delivery.execution
    began = time.time() - (time.perf_counter() - delivery.runtime) if delivery.runtime else None
    return _info(
        state,
        task_id=delivery.message_id,
        name=delivery.actor_name,
        arguments=_shown(delivery.args, delivery.kwargs, delivery.options, safe),
        time_start=began,
        acknowledged=bool(getattr(execution.task, "acknowledges_early", False)),
        delivery_info=execution.request.delivery_info,
        worker_pid=os.getpid(),
    )


def _claimed(state: WorkerState, claim: Claim, safe: bool) -> dict[str, Any]:
    redelivered = claim.delivery > 1
    priority = state.broker.priority_order().number(claim.priority)
    return _stored(state, claim.body, claim.task_id, claim.queue, priority, redelivered, safe)


def _delayed(state: WorkerState, entry: Delayed, safe: bool) -> dict[str, Any]:
    envelope = entry.envelope
    priority = state.broker.priority_order().number(envelope.priority)
    return {
        "eta": datetime.fromtimestamp(entry.due / 1000, UTC).isoformat(),
        "priority": priority,
        "request": _stored(
            state,
            envelope.body,
            envelope.task_id,
            envelope.queue,
            priority,
            False,
            safe,
        ),
    }


def _stored(
    state: WorkerState,
    body: bytes,
    task_id: str,
    queue: str,
    priority: int,
    redelivered: bool,
    safe: bool,
) -> dict[str, Any]:
    try:
        fields = decode_body(body)
        options = fields.get("options") or {}
        name, arguments = (
            fields["actor_name"],
            _shown(fields["args"], fields["kwargs"], options, safe),
        )
    except (DecodeError, TypeError, AttributeError):
        # The worker that claims it rejects it; until then it is listed.
        name, arguments = UNREAD, (UNREAD, UNREAD)
    return _info(
        state,
        task_id=task_id,
        name=name,
        arguments=arguments,
        time_start=None,
        acknowledged=False,
        delivery_info={
            "exchange": "",
            "routing_key": queue,
            "priority": priority,
            "redelivered": redelivered,
        },
        worker_pid=None,
    )


def _info(
    state: WorkerState,
    *,
    task_id: str,
    name: str,
    arguments: tuple[Any, Any],
    time_start: float | None,
    acknowledged: bool,
    delivery_info: Any,
    worker_pid: int | None,
) -> dict[str, Any]:
    """Return a task in the fields of Celery's `Request.info`."""
    return {
        "id": task_id,
        "name": name,
        "args": arguments[0],
        "kwargs": arguments[1],
        "type": name,
        "hostname": state.hostname,
        "time_start": time_start,
        "acknowledged": acknowledged,
        "delivery_info": delivery_info,
        "worker_pid": worker_pid,
    }


def _shown(
    args: Iterable[Any], kwargs: Mapping[str, Any], options: Mapping[str, Any], safe: bool
) -> tuple[Any, Any]:
    """Return arguments; as texts with `safe`, when long, or where the message has texts."""
    if "content" in options or "argsrepr" in options or "kwargsrepr" in options:
        return _cut(options.get("argsrepr", UNREAD)), _cut(options.get("kwargsrepr", UNREAD))
    return _short(tuple(args), safe), _short(dict(kwargs), safe)


def _short(arguments: Any, safe: bool) -> Any:
    text = safe_repr(arguments, REPR_LENGTH, 0)
    if safe or len(text) >= REPR_LENGTH:
        return safe_repr(arguments, REPR_LENGTH)
    return as_plain(list(arguments) if isinstance(arguments, tuple) else arguments)


def _cut(text: Any) -> str:
    return str(text)[:REPR_LENGTH]
