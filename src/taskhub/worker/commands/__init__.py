"""The commands that a worker understands, under the names of Celery's `celery.worker.control`.

One file for each group of them; importing this package registers all.
"""

from __future__ import annotations

from taskhub.worker.commands import (
    debugging,
    events,
    facts,
    limits,
    pool,
    queues,
    revoking,
    tasks,
)
from taskhub.worker.commands.panel import Panel, control_command, inspect_command

__all__ = [
    "Panel",
    "control_command",
    "debugging",
    "events",
    "facts",
    "inspect_command",
    "limits",
    "pool",
    "queues",
    "revoking",
    "tasks",
]
