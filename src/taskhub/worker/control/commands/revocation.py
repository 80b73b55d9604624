"""Commands that revoke and terminate tasks.

The caller (`taskhub.control`) stores what is revoked, so that it works without a live worker. Here
each worker process applies it to the messages that it holds.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from taskhub.names import check_id
from taskhub.worker.control.panel import control_command, ok
from taskhub.worker.control.state import WorkerState
from taskhub.worker.limits.executions import signal_number
from taskhub.worker.limits.revoked_stamps import stamp_pairs, stamps_of

logger = logging.getLogger(__name__)


def as_ids(value: Any) -> set[str]:
    """Return one id or many as a set.

    Raises:
        TypeError: One is neither text nor a UUID.
        ValueError: No task can have one.
    """
    if value is None:
        return set()
    given = value if isinstance(value, list | tuple | set | frozenset) else (value,)
    return {check_id("the id of a task", task_id) for task_id in given}


@control_command(variadic="task_id", signature="[id1 [id2 [... [idN]]]]")
def revoke(
    state: WorkerState,
    task_id: Any,
    terminate: bool = False,
    signal: str | int | None = None,
    **kwargs: Any,
) -> dict[str, str]:
    """Revoke task by task id (or list of ids)."""
    ids = as_ids(task_id)
    state.executions.revoke(ids)
    if not terminate:
        logger.info("Tasks flagged as revoked: %s", ", ".join(sorted(ids)))
        return ok(f"tasks {ids} flagged as revoked")
    ended = state.executions.terminate(ids, signal)
    return ok(f"terminate: {', '.join(ended)}" if ended else "terminate: tasks unknown")


@control_command(
    variadic="task_id", args=[("signal", str)], signature="<signal> [id1 [id2 [... [idN]]]]"
)
def terminate(state: WorkerState, signal: str | int, task_id: Any, **kwargs: Any) -> dict[str, str]:
    """Terminate task by task id (or list of ids)."""
    return revoke(state, task_id, terminate=True, signal=signal)


@control_command(variadic="headers", signature="[key1=value1 [key2=value2 [... [keyN=valueN]]]]")
def revoke_by_stamped_headers(
    state: WorkerState,
    headers: Any,
    terminate: bool = False,
    signal: str | int | None = None,
    **kwargs: Any,
) -> dict[str, str]:
    """Revoke task by header (or list of headers)."""
    headers = as_headers(headers)
    signal_number(signal)
    state.stamps.replace([*state.engine.revoked_stamps(), *stamp_pairs(headers)])
    if not terminate:
        return ok(f"headers {headers} flagged as revoked, but not terminated")
    wanted, found = set(stamp_pairs(headers)), defaultdict(set)
    ids = []
    for delivery in state.activity.running:
        matching = wanted & stamps_of(delivery.execution.request)
        if matching and delivery.message_id in state.executions.terminate(
            [delivery.message_id], signal
        ):
            ids.append(delivery.message_id)
            for header, value in matching:
                found[header].add(value)
    if not ids:
        return ok(f"headers {headers} were not terminated")
    return ok(f"headers {dict(found)} revoked")


def as_headers(headers: Any) -> dict[str, Any]:
    """Return stamps as a mapping; the command line gives them as texts `header=value`.

    Raises:
        ValueError: A text is of another form.
    """
    if isinstance(headers, Mapping):
        return dict(headers)
    found: dict[str, list[str]] = defaultdict(list)
    for text in headers:
        header, equals, value = str(text).partition("=")
        if not header or not equals:
            raise ValueError(f"{text!r} is no stamp: write header=value")
        found[header].append(value)
    return dict(found)
