"""Commands about events, and those of Celery's that are unsupported and say so."""

from __future__ import annotations

from typing import Any

from taskhub.worker.control.panel import control_command, nok, ok
from taskhub.worker.control.state import WorkerState
from taskhub.worker.telemetry.event_emitter import event_emitter_of


@control_command()
def enable_events(state: WorkerState) -> dict[str, str]:
    """Tell worker(s) to send task-related events."""
    was_off = event_emitter_of(state.broker).enable()
    return ok("task events enabled" if was_off else "task events already enabled")


@control_command()
def disable_events(state: WorkerState) -> dict[str, str]:
    """Tell worker(s) to stop sending task-related events."""
    was_on = event_emitter_of(state.broker).disable()
    return ok("task events disabled" if was_on else "task events already disabled")


@control_command()
def heartbeat(state: WorkerState) -> None:
    """Tell worker(s) to send event heartbeat immediately."""
    event_emitter_of(state.broker).send_heartbeat()


@control_command()
def election(
    state: WorkerState, id: str, topic: str, action: Any = None, **kwargs: Any
) -> dict[str, str]:
    """Hold election."""
    return nok("elections are unsupported: use a lock in the store")
