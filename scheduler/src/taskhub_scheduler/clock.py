"""The store's clock, as far as this process knows it: all schedulers go by it, whatever their hosts' clocks say."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple


class Position(NamedTuple):
    """How clocks stand to each other at one moment."""

    #: How far the store's clock is ahead of the steady one.
    store: timedelta
    #: How far the host's is.
    host: timedelta

    def moved(self, since: Position) -> timedelta:
        """Return by how much the clock was set that was set most; they drift apart a little by themselves."""
        return max(abs(self.store - since.store), abs(self.host - since.host))


class StoreClock:
    """Goes by the machine's steady clock from what the store has told last.

    Parameters:
      steady: seconds that only grow, evenly.
      wall: the host's clock, seconds since the epoch.
    """

    def __init__(
        self,
        steady: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._steady = steady
        self._wall = wall
        self._ahead = wall() - steady()

    def steady(self) -> float:
        """Return a moment to give to `set`."""
        return self._steady()

    def set(self, told: int, asked: float) -> None:
        """Take over what the store has told: its time in ms, in the reply to what was asked at `asked`."""
        now = self._steady()
        # The store has read its clock about half way through the call.
        ahead = told / 1000 - (asked + now) / 2
        # Not known better than by half of the call.
        if abs(ahead - self._ahead) > (now - asked) / 2:
            self._ahead = ahead

    def now(self) -> datetime:
        """Return the store's time, in UTC."""
        return datetime.fromtimestamp(self._steady() + self._ahead, UTC)

    @property
    def position(self) -> Position:
        """How the clocks stand to each other now."""
        host = self._wall() - self._steady()
        return Position(timedelta(seconds=self._ahead), timedelta(seconds=host))

    @property
    def offset(self) -> timedelta:
        """What to add to the host's clock to get the store's."""
        position = self.position
        return position.store - position.host
