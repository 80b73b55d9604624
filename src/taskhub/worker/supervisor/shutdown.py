"""States of a supervisor, from the start of its processes to their end: pure decisions."""

from __future__ import annotations

import signal
from enum import Enum


class State(Enum):
    """What a supervisor does."""

    STARTING = "starts its processes; they have not all been ready yet"
    RUNNING = "keeps its processes running"
    SHUTDOWN_REQUESTED = "lets tasks finish, for a control message: the next signal is the first"
    FINISHING = "lets tasks finish, for a signal"
    REQUEUEING = "has tasks requeued that still run, for a second signal"
    KILLING = "kills its processes"

    @property
    def is_stopping(self) -> bool:
        """Whether the worker is on its way to its end."""
        return self not in (State.STARTING, State.RUNNING)


class Event(Enum):
    """What changes the state of a supervisor."""

    ALL_READY = "all processes are ready for the first time"
    SHUTDOWN_COMMAND = "a control message asks for the end"
    STOP_SIGNAL = "a signal asks for the end, or for a faster one"
    START_FAILED = "no process can be started"


#: The next state by state and event. What is not here changes nothing.
TRANSITIONS = {
    (State.STARTING, Event.ALL_READY): State.RUNNING,
    (State.STARTING, Event.SHUTDOWN_COMMAND): State.SHUTDOWN_REQUESTED,
    (State.STARTING, Event.STOP_SIGNAL): State.FINISHING,
    (State.STARTING, Event.START_FAILED): State.KILLING,
    (State.RUNNING, Event.SHUTDOWN_COMMAND): State.SHUTDOWN_REQUESTED,
    (State.RUNNING, Event.STOP_SIGNAL): State.FINISHING,
    (State.SHUTDOWN_REQUESTED, Event.STOP_SIGNAL): State.FINISHING,
    (State.FINISHING, Event.STOP_SIGNAL): State.REQUEUEING,
    (State.REQUEUEING, Event.STOP_SIGNAL): State.KILLING,
}


def next_state(state: State, event: Event) -> State:
    """Return the state after an event."""
    return TRANSITIONS.get((state, event), state)


def signal_to_send(state: State, first_signal: signal.Signals, is_ready: bool) -> signal.Signals:
    """Return the signal by which a supervisor that stops has a process end.

    Args:
        state: One in which it is stopping.
        first_signal: SIGTERM, or SIGQUIT for the shorter time that the settings give tasks.
        is_ready: Whether the process works; one that starts does not handle SIGQUIT yet.
    """
    if state is State.KILLING:
        return signal.SIGKILL
    if state is State.REQUEUEING:
        # SIGTERM may reach the processes from elsewhere, too (systemd), so they cannot count it.
        return signal.SIGQUIT if is_ready else signal.SIGTERM
    return first_signal
