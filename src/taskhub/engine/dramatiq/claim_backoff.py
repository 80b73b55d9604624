"""Claim backoff: pauses while claims bring only messages of tasks unknown to this process."""

from __future__ import annotations

import time

#: Bounds of the pause after a claim of nothing but such messages, seconds. It grows while they come
#: one by one: others claim them faster then. While many wait the pause stays short, and each claim
#: takes twice as many: messages for tasks that this process does know may be behind them.
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5


class ClaimBackoff:
    """Counts claims in a row that brought nothing that this process can run.

    Args:
        threads: How many tasks the process runs at once.
    """

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._in_vain = 0
        #: Until when nothing is claimed (`time.monotonic`); None: there is no pause.
        self.until: float | None = None

    def observe(self, claimed: int, unknown: int, limit: int) -> None:
        """Learn from what a claim has brought.

        Args:
            claimed: How many messages.
            unknown: How many of them are for tasks that this process does not know.
            limit: How many were asked for.
        """
        if not claimed:
            return
        if unknown < claimed:
            self._in_vain = 0
            return
        times = 0 if claimed >= limit else min(self._in_vain, 10)
        self._in_vain += 1
        self.until = time.monotonic() + min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**times)

    @property
    def is_active(self) -> bool:
        """Whether nothing is to be claimed now."""
        if self.until is not None and time.monotonic() >= self.until:
            self.until = None
        return self.until is not None

    def bound(self, wanted: int) -> int:
        """Return how many of the messages that are wanted to claim."""
        if not self._in_vain:
            return wanted
        return min(wanted, self._threads << min(self._in_vain - 1, 10))
