"""Task and worker events: Celery's types and fields, as texts for the store's stream."""

from __future__ import annotations

import itertools
import json
import os
import platform
import time
from collections.abc import Mapping
from typing import Any

from dramatiq.errors import ActorNotFound

from taskhub import states
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.internals import exception_of
from taskhub.execution.execution import Execution
from taskhub.execution.request import REPR_LENGTH as _REPR_LENGTH
from taskhub.execution.request import Context, is_expired
from taskhub.outcome import Outcome
from taskhub.serialization.failures import format_traceback
from taskhub.serialization.safe_repr import safe_repr, shortened
from taskhub.version import __version__

_clock = itertools.count(1)


def event(kind: str, hostname: str, **fields: Any) -> str:
    """Return an event as text.

    Args:
        kind: its type, e.g. "task-succeeded".
        hostname: the node that emits it.
        fields: what the type has beyond the fields of every event.
    """
    offset = time.timezone if not time.localtime().tm_isdst else time.altzone
    return json.dumps(
        {
            "type": kind,
            "timestamp": time.time(),
            "hostname": hostname,
            "utcoffset": offset // 3600,
            "pid": os.getpid(),
            "clock": next(_clock),
            **fields,
        },
        default=repr,
    )


def call_fields(request: Context) -> dict[str, Any]:
    """Return the fields of `task-received` for a call."""
    return {
        "uuid": request.id,
        "name": request.task,
        "args": _cut(request.get("argsrepr")),
        "kwargs": _cut(request.get("kwargsrepr")),
        "root_id": request.root_id,
        "parent_id": request.parent_id,
        "retries": request.retries,
        "eta": request.eta,
        "expires": request.expires,
    }


def _cut(text: Any) -> Any:
    """Return a text without what is too long for an event."""
    return text[:_REPR_LENGTH] if isinstance(text, str) else text


def result_text(result: Any) -> str:
    """Return what `task-succeeded` says of a result."""
    return safe_repr(result, _REPR_LENGTH)


def outcome_events(
    delivery: Delivery, outcome: Outcome, hostname: str, run: float, result: str
) -> tuple[str, ...]:
    """Return the event of an outcome; none for those for which Celery has no event.

    Args:
        delivery: The message.
        outcome: Its outcome.
        hostname: The node that reports.
        run: How long the task's code ran, seconds.
        result: What `result_text` made of what it returned.
    """
    error = exception_of(delivery)
    state = outcome.state
    if state == states.IGNORED or (state == states.REJECTED and delivery.execution is None):
        return ()
    fields: dict[str, Any] = {"uuid": outcome.task_id}
    if state == states.RETRY:
        kind = "task-retried"
        fields |= {
            "exception": safe_repr(getattr(error, "exc", error), _REPR_LENGTH),
            "traceback": shortened(format_traceback(error)) if error is not None else None,
        }
    elif state == states.REVOKED:
        kind = "task-revoked"
        execution: Execution | None = delivery.execution
        terminated = execution is not None and execution.began is not None
        request = None if execution is None else execution.request
        expired = bool(request is not None and request.expires and is_expired(request.expires))
        fields |= {"terminated": terminated, "signum": None, "expired": expired and not terminated}
    elif state == states.REJECTED:
        kind = "task-rejected"
        fields["requeue"] = True
    elif state == states.FAILURE or error is not None:
        kind = "task-failed"
        fields |= _failure(error, outcome)
    else:
        kind = "task-succeeded"
        fields |= {"result": result, "runtime": run}
    return (event(kind, hostname, **fields),)


def _failure(error: BaseException | None, outcome: Outcome) -> dict[str, Any]:
    if isinstance(error, ActorNotFound):
        name = error.args[0] if error.args else ""
        return {"exception": f"NotRegistered({name!r})", "traceback": None}
    if error is not None:
        return {
            "exception": safe_repr(error, _REPR_LENGTH),
            "traceback": shortened(format_traceback(error)),
        }
    # It was not run here: its result document says what happened.
    document: Mapping[str, Any] = json.loads(outcome.document) if outcome.document else {}
    failure = document.get("result")
    if not isinstance(failure, dict):
        return {"exception": "", "traceback": None}
    arguments = ", ".join(map(repr, failure.get("exc_message") or ()))
    return {
        "exception": _cut(f"{failure.get('exc_type')}({arguments})"),
        "traceback": shortened(document.get("traceback") or "") or None,
    }


def worker_fields(active: int, processed: int, freq: float) -> dict[str, Any]:
    """Return the fields of worker events.

    Args:
        active: How many tasks run.
        processed: How many have ended here.
        freq: Seconds between heartbeats.
    """
    return {
        "freq": freq,
        "active": active,
        "processed": processed,
        "loadavg": [round(load, 2) for load in os.getloadavg()],
        "sw_ident": "taskhub",
        "sw_ver": __version__,
        "sw_sys": platform.system(),
    }
