"""How long a search may take."""

from __future__ import annotations

import time

__all__ = ("Budget", "Position")

#: Where an ended task stands in the list: when it ended (ms since the epoch), and its id.
Position = tuple[int, str]


class Budget:
    """How long a search may look at tasks that no index excludes.

    Args:
        seconds: The time from now on.
    """

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        #: Behind which ended task the search stopped.
        self.stopped_at: Position | None = None
        self.has_stopped = False

    def is_exhausted(self, position: Position | None = None) -> bool:
        """Whether the search is to stop, which is noted; `position` is where it is."""
        if time.monotonic() > self._until:
            self.has_stopped, self.stopped_at = True, position
        return self.has_stopped
