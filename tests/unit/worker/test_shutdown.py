"""The states of a supervisor, and the signals that change them."""

from __future__ import annotations

import signal
from itertools import product

import pytest

from taskhub.worker.stop_signals import (
    REMAP_VARIABLE,
    REPEAT_WINDOW,
    RepeatFilter,
    is_cold_shutdown,
)
from taskhub.worker.supervisor.shutdown import TRANSITIONS, Event, State, next_state, signal_to_send


def after(*events: Event) -> State:
    state = State.STARTING
    for event in events:
        state = next_state(state, event)
    return state


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], State.STARTING),
        ([Event.ALL_READY], State.RUNNING),
        ([Event.ALL_READY, Event.STOP_SIGNAL], State.FINISHING),
        ([Event.ALL_READY, *[Event.STOP_SIGNAL] * 2], State.REQUEUEING),
        ([Event.ALL_READY, *[Event.STOP_SIGNAL] * 3], State.KILLING),
        ([Event.ALL_READY, *[Event.STOP_SIGNAL] * 4], State.KILLING),
        ([Event.STOP_SIGNAL], State.FINISHING),
        # A control message is no signal: the next one is the first.
        ([Event.ALL_READY, Event.SHUTDOWN_COMMAND], State.SHUTDOWN_REQUESTED),
        ([Event.ALL_READY, Event.SHUTDOWN_COMMAND, Event.STOP_SIGNAL], State.FINISHING),
        ([Event.STOP_SIGNAL, Event.SHUTDOWN_COMMAND], State.FINISHING),
        ([Event.START_FAILED], State.KILLING),
    ],
)
def test_events_change_the_state(events: list[Event], expected: State) -> None:
    assert after(*events) is expected


def test_a_worker_that_stops_never_runs_again() -> None:
    stopping = [state for state in State if state.is_stopping]
    assert len(stopping) == len(State) - 2
    for state, event in product(stopping, Event):
        assert next_state(state, event).is_stopping


def test_every_state_is_reached_by_an_event() -> None:
    assert {*TRANSITIONS.values(), State.STARTING} == {*State}


@pytest.mark.parametrize(
    ("state", "is_ready", "expected"),
    [
        (State.SHUTDOWN_REQUESTED, True, signal.SIGTERM),
        (State.FINISHING, True, signal.SIGTERM),
        (State.REQUEUEING, True, signal.SIGQUIT),
        (State.REQUEUEING, False, signal.SIGTERM),
        (State.KILLING, True, signal.SIGKILL),
    ],
)
def test_each_state_has_its_signal(state: State, is_ready: bool, expected: signal.Signals) -> None:
    assert signal_to_send(state, signal.SIGTERM, is_ready) is expected


def test_the_first_signal_is_passed_on() -> None:
    assert signal_to_send(State.FINISHING, signal.SIGQUIT, True) is signal.SIGQUIT


def test_a_repeated_signal_is_one_request() -> None:
    repeats = RepeatFilter()
    assert repeats.accepts(signal.SIGTERM, 100.0)
    assert not repeats.accepts(signal.SIGTERM, 100.0 + REPEAT_WINDOW / 2)
    assert repeats.accepts(signal.SIGQUIT, 100.0 + REPEAT_WINDOW / 2)
    assert repeats.accepts(signal.SIGTERM, 100.0 + REPEAT_WINDOW * 2)
    assert repeats.accepts(signal.SIGINT, 200.0)
    assert repeats.accepts(signal.SIGINT, 200.0), "somebody presses keys"


def test_sigterm_can_be_remapped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_cold_shutdown(signal.SIGQUIT)
    assert not is_cold_shutdown(signal.SIGTERM)
    monkeypatch.setenv(REMAP_VARIABLE, "SIGQUIT")
    assert is_cold_shutdown(signal.SIGTERM)
    assert not is_cold_shutdown(signal.SIGINT)
