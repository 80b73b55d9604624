"""Task and worker events: Celery's types and fields, as texts for the store's stream."""

from __future__ import annotations

import itertools
import json
import os
import platform
import time
from collections.abc import Mapping
from importlib import metadata
from typing import Any

from dramatiq.errors import ActorNotFound

from taskhub import states
from taskhub.engine.delivery import Delivery
from taskhub.outcome import Outcome
from taskhub.serialization.failures import format_traceback
from taskhub.serialization.safe_repr import safe_repr
from taskhub.worker.context import Context, is_expired

#: Texts of arguments and results are cut off here.
_REPR_LENGTH = 1024
_clock = itertools.count(1)


def event(kind: str, hostname: str, **fields: Any) -> str:
    """Return an event as text.

    Parameters:
      kind: its type, e.g. "task-succeeded".
      hostname: the node that tells.
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
    """Return what `task-received` tells of a call."""
    return {
        "uuid": request.id,
        "name": request.task,
        "args": request.get("argsrepr"),
        "kwargs": request.get("kwargsrepr"),
        "root_id": request.root_id,
        "parent_id": request.parent_id,
        "retries": request.retries,
        "eta": request.eta,
        "expires": request.expires,
    }


def result_text(result: Any) -> str:
    """Return what `task-succeeded` tells of a result."""
    return safe_repr(result, _REPR_LENGTH)


def ending_events(
    delivery: Delivery, outcome: Outcome, hostname: str, run: float, result: str
) -> tuple[str, ...]:
    """Return the event of an ending; none for those of which Celery tells nothing.

    Parameters:
      run: how long the task's code ran, seconds.
      result: what `result_text` made of what it returned.
    """
    error = delivery._exception
    state = outcome.state
    if state == states.IGNORED:
        return ()
    fields: dict[str, Any] = {"uuid": outcome.task_id}
    if state == states.RETRY:
        kind = "task-retried"
        fields |= {
            "exception": safe_repr(getattr(error, "exc", error)),
            "traceback": format_traceback(error) if error is not None else None,
        }
    elif state == states.REVOKED:
        kind = "task-revoked"
        request: Context | None = delivery.execution
        terminated = request is not None and request._began is not None
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
        return {"exception": safe_repr(error), "traceback": format_traceback(error)}
    # It was not run here: its result document tells what happened.
    document: Mapping[str, Any] = json.loads(outcome.document) if outcome.document else {}
    failure = document.get("result")
    if not isinstance(failure, dict):
        return {"exception": "", "traceback": None}
    arguments = ", ".join(map(repr, failure.get("exc_message") or ()))
    return {
        "exception": f"{failure.get('exc_type')}({arguments})",
        "traceback": document.get("traceback"),
    }


def worker_fields(active: int, processed: int, freq: float) -> dict[str, Any]:
    """Return what worker events tell.

    Parameters:
      active: how many tasks run; processed: how many have ended here.
      freq: seconds between heartbeats.
    """
    return {
        "freq": freq,
        "active": active,
        "processed": processed,
        "loadavg": [round(load, 2) for load in os.getloadavg()],
        "sw_ident": "taskhub",
        "sw_ver": metadata.version("taskhub"),
        "sw_sys": platform.system(),
    }
