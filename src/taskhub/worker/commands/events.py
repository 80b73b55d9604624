"""Commands about events, and those of Celery's that mean nothing here and say so."""

from __future__ import annotations

from typing import Any

from taskhub.worker.commands.panel import control_command, nok
from taskhub.worker.commands.state import WorkerState


@control_command()
def election(
    state: WorkerState, id: str, topic: str, action: Any = None, **kwargs: Any
) -> dict[str, str]:
    """Hold election."""
    return nok(
        "there are no elections here: whoever must be the only one takes a lock in the store"
    )
