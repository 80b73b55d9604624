"""Control and inspection of workers: `app.control`, and commands of one's own (`celery.worker.control`'s names).

`asking` sends a command and collects the answers of all processes; `gathering` and `merging` make one reply of each
worker of them; `revoking` does what needs no worker.
"""

from __future__ import annotations

from taskhub.control.control import Control
from taskhub.control.inspect import Inspect, flatten_reply
from taskhub.worker.commands import Panel, control_command, inspect_command
from taskhub.worker.commands.panel import nok, ok

__all__ = [
    "Control",
    "Inspect",
    "Panel",
    "control_command",
    "flatten_reply",
    "inspect_command",
    "nok",
    "ok",
]
