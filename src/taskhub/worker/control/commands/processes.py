"""The command `processes`: threads, memory and running tasks of each process of a worker."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.execution.execution import Execution
from taskhub.serialization.safe_repr import safe_repr
from taskhub.worker.control.panel import inspect_command
from taskhub.worker.control.state import WorkerState
from taskhub.worker.resident_memory import resident_memory

#: Bodies of messages are in the reply up to so many bytes; of larger ones a short text.
LARGEST_BODY = 8192
_SHOWN = 500


@inspect_command()
def processes(state: WorkerState, **kwargs: Any) -> list[dict[str, Any]]:
    """List of worker processes: threads, memory, and the tasks that they run."""
    exchange_loop = state.exchange_loop
    supervisor = state.supervisor
    pool = () if supervisor is None else supervisor.pool.processes
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    pid = os.getpid()
    return [
        {
            "worker": exchange_loop.worker,
            "pid": pid,
            "number": pool.index(pid) + 1 if pid in pool else None,
            "threads": exchange_loop.prefetch.threads,
            "held": exchange_loop.held_count,
            "memory": resident_memory(),
            "uptime": round(time.monotonic() - state.activity.began, 3),
            "running": [_running(delivery, names) for delivery in state.activity.running],
        }
    ]


def _running(delivery: Delivery, names: dict[int | None, str]) -> dict[str, Any]:
    claim = delivery.claim
    execution: Execution | None = delivery.execution
    thread_run = None if execution is None else execution.thread_run
    limits = None if thread_run is None else thread_run.limits
    ran = time.perf_counter() - delivery.runtime if delivery.runtime else None
    body: dict[str, Any] = {"body": claim.body.decode("utf-8", "replace")}
    if len(claim.body) > LARGEST_BODY:
        shown = safe_repr(delivery.kwargs or delivery.args, _SHOWN)
        body = {"task": delivery.actor_name, "arguments": shown}
    return {
        **body,
        "id": claim.task_id,
        "key": claim.key,
        "queue": claim.queue,
        "priority": claim.priority,
        "deliveries": claim.delivery,
        "waited": claim.waited,
        "ran": ran,
        "thread": None if thread_run is None else names.get(thread_run.thread),
        "soft_limit": None if limits is None else limits.soft,
        "hard_limit": None if limits is None else limits.hard,
    }
