"""Control and inspection of workers: `app.control`, and control commands of your own.

`broadcast` sends a command and collects the answers of all processes; `aggregation` makes one reply
of each worker of them; `revocation` does what needs no worker. Names are resolved when they are
first used: a module that adds a command need not load what sends one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.lazy_names import lazy_names

if TYPE_CHECKING:
    from taskhub.control.control import Control
    from taskhub.control.inspect import Inspect, flatten_reply
    from taskhub.worker.control.commands import Panel, control_command, inspect_command
    from taskhub.worker.control.panel import nok, ok
    from taskhub.worker.leases.worker_info import WorkerInfo as WorkerInfo

__all__ = [
    "Control",
    "Inspect",
    "Panel",
    "WorkerInfo",
    "control_command",
    "flatten_reply",
    "inspect_command",
    "nok",
    "ok",
]

__getattr__ = lazy_names(
    __name__,
    {
        "Control": ".control",
        "Inspect": ".inspect",
        "Panel": "taskhub.worker.control.commands",
        "WorkerInfo": "taskhub.worker.leases.worker_info",
        "control_command": "taskhub.worker.control.commands",
        "flatten_reply": ".inspect",
        "inspect_command": "taskhub.worker.control.commands",
        "nok": "taskhub.worker.control.panel",
        "ok": "taskhub.worker.control.panel",
    },
)
