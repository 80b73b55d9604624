"""How fast threads take turns."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from taskhub.worker.switch_interval import CALM_AFTER, SHORT, SHORTEST, SwitchInterval


@pytest.fixture(autouse=True)
def interval() -> Iterator[float]:
    before = sys.getswitchinterval()
    yield before
    sys.setswitchinterval(before)


def now() -> float:
    """Return the interval, without what its storage adds."""
    return round(sys.getswitchinterval(), 6)


def test_turns_stay_as_they_are_while_nobody_waits(interval: float) -> None:
    switching = SwitchInterval()
    switching.observe(0.001)

    assert now() == round(interval, 6)


def test_turns_are_short_while_threads_wait_and_for_a_while_after(interval: float) -> None:
    switching = SwitchInterval()
    switching.observe(0.1)
    assert now() == SHORT
    for _ in range(CALM_AFTER - 1):
        switching.observe(0.0)
        assert now() == SHORT
    switching.observe(0.0)
    assert now() == round(interval, 6)


def test_turns_are_shortest_while_a_command_is_carried_out(interval: float) -> None:
    switching = SwitchInterval()
    with switching.shortest():
        assert now() == SHORTEST
    assert now() == round(interval, 6)


def test_shorter_turns_of_a_program_are_left_alone() -> None:
    sys.setswitchinterval(0.00005)
    short = now()
    switching = SwitchInterval()
    switching.observe(0.1)
    assert now() == short
    with switching.shortest():
        assert now() == short
