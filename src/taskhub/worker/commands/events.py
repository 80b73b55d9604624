"""Commands about events, and those of Celery's that mean nothing here and say so."""

from __future__ import annotations

from typing import Any

from taskhub.worker.commands.panel import control_command, nok, ok
from taskhub.worker.commands.state import WorkerState
from taskhub.worker.eventing import eventing_of


@control_command()
def enable_events(state: WorkerState) -> dict[str, str]:
    """Tell worker(s) to send task-related events."""
    was_off = eventing_of(state.broker).enable()
    return ok("task events enabled" if was_off else "task events already enabled")


@control_command()
def disable_events(state: WorkerState) -> dict[str, str]:
    """Tell worker(s) to stop sending task-related events."""
    was_on = eventing_of(state.broker).disable()
    return ok("task events disabled" if was_on else "task events already disabled")


@control_command()
def heartbeat(state: WorkerState) -> None:
    """Tell worker(s) to send event heartbeat immediately."""
    eventing_of(state.broker).heartbeat()


@control_command()
def election(
    state: WorkerState, id: str, topic: str, action: Any = None, **kwargs: Any
) -> dict[str, str]:
    """Hold election."""
    return nok(
        "there are no elections here: whoever must be the only one takes a lock in the store"
    )
