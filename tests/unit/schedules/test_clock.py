"""The store's clock as a scheduler knows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from taskhub_scheduler.clock import StoreClock


class Machine:
    """A host's two clocks."""

    def __init__(self) -> None:
        self.steady = 1000.0
        self.wall = 1_777_000_000.0

    def advance(self, seconds: float) -> None:
        self.steady += seconds
        self.wall += seconds


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def clock(machine: Machine) -> StoreClock:
    return StoreClock(lambda: machine.steady, lambda: machine.wall)


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def test_before_the_store_has_told_it_is_the_hosts(machine: Machine, clock: StoreClock) -> None:
    machine.advance(5)

    assert clock.now() == moment(machine.wall)
    assert clock.offset == timedelta(0)


def test_it_goes_by_what_the_store_has_told(machine: Machine, clock: StoreClock) -> None:
    asked = clock.steady()
    machine.advance(0.2)
    clock.set(int((machine.wall - 100) * 1000), asked)
    machine.advance(10)

    # The store has read its clock half way through the call.
    assert abs((clock.now() - moment(machine.wall - 99.9)).total_seconds()) < 0.001
    assert abs(clock.offset.total_seconds() + 99.9) < 0.001


def test_a_slow_reply_does_not_make_it_worse(machine: Machine, clock: StoreClock) -> None:
    clock.set(round(machine.wall * 1000), clock.steady())
    before = clock.offset
    asked = clock.steady()
    machine.advance(6)
    clock.set(round((machine.wall - 0.5) * 1000), asked)

    assert clock.offset == before


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
@pytest.mark.parametrize("who", ["host", "store", "both"])
def test_clocks_that_are_set_are_noticed(
    machine: Machine, clock: StoreClock, jump: float, who: str
) -> None:
    clock.set(round(machine.wall * 1000), clock.steady())
    before = clock.position
    machine.advance(1)
    assert clock.position.moved(before) < timedelta(milliseconds=1)
    store = machine.wall + (jump if who != "host" else 0)
    machine.wall += jump if who != "store" else 0
    clock.set(round(store * 1000), clock.steady())

    assert clock.now() == moment(store)
    assert clock.position.moved(before).total_seconds() == pytest.approx(3600, abs=0.01)
