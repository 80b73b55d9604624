"""Control and inspection of workers: `app.control`, and control commands of your own.

`broadcast` sends a command and collects the answers of all processes; `aggregation` makes one reply
of each worker of them; `revocation` does what needs no worker. Names are resolved when they are
first used: a module that adds a command need not load what sends one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.control.control import Control
    from taskhub.control.inspect import Inspect, flatten_reply
    from taskhub.worker.control.commands import Panel, control_command, inspect_command
    from taskhub.worker.control.panel import nok, ok
    from taskhub.worker.leases.worker_info import WorkerInfo as WorkerInfo

_HOMES = {
    "Control": ("taskhub.control.control", "Control"),
    "Inspect": ("taskhub.control.inspect", "Inspect"),
    "Panel": ("taskhub.worker.control.commands", "Panel"),
    "WorkerInfo": ("taskhub.worker.leases.worker_info", "WorkerInfo"),
    "control_command": ("taskhub.worker.control.commands", "control_command"),
    "flatten_reply": ("taskhub.control.inspect", "flatten_reply"),
    "inspect_command": ("taskhub.worker.control.commands", "inspect_command"),
    "nok": ("taskhub.worker.control.panel", "nok"),
    "ok": ("taskhub.worker.control.panel", "ok"),
}

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


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'taskhub.control' has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = globals()[name] = getattr(import_module(module), attribute)
    return value
