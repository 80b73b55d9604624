"""The commands that a worker understands, under the names of Celery's `celery.worker.control`.

One file for each group of them; importing this package registers all.
"""

from __future__ import annotations

from taskhub.worker.control.commands import (
    debug,
    events,
    limits,
    pool,
    processes,
    queues,
    revocation,
    tasks,
    worker,
)
from taskhub.worker.control.panel import Panel, control_command, inspect_command

__all__ = [
    "Panel",
    "control_command",
    "debug",
    "events",
    "inspect_command",
    "limits",
    "pool",
    "processes",
    "queues",
    "revocation",
    "tasks",
    "worker",
]
