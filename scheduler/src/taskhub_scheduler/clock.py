"""The store's clock, as this process knows it; all schedulers use it, not their hosts' clocks."""

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
        """Return by how much one of the clocks was set, at most; they drift apart a little, too."""
        return max(abs(self.store - since.store), abs(self.host - since.host))


class StoreClock:
    """The store's time, extrapolated with the monotonic clock since the last reply.

    Args:
        steady: Seconds that only grow, evenly.
        wall: The host's clock, seconds since the epoch.
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

    def set(self, store_ms: int, sent_at: float) -> None:
        """Set the store's time, ms, from the reply to a request that was sent at `sent_at`."""
        now = self._steady()
        # The store has read its clock about half way through the call.
        ahead = store_ms / 1000 - (sent_at + now) / 2
        # Not known better than by half of the call.
        if abs(ahead - self._ahead) > (now - sent_at) / 2:
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
