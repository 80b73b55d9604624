"""Floors: behind which positions a worker that claims again and again looks for messages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from taskhub.engine.port.claims import Claim
from taskhub.engine.positions import STEPS
from taskhub.message import HIGHEST_PRIORITY

#: At least this often all of a queue is looked at, seconds: a message may have been committed after
#: others that became ready later.
LOOK_AT_ALL: Final = 1.0
#: So many steps before the last claim a look begins, for the same reason: half a second.
_MARGIN: Final = 500 * STEPS
_RANKS: Final = range(HIGHEST_PRIORITY + 1)


class Floors:
    """The last sequence that was claimed here, by queue and rank."""

    def __init__(self) -> None:
        self._last: dict[str, list[int]] = {}
        self._looked_at = 0.0

    def columns(self, queues: Sequence[str]) -> tuple[list[str], list[int], list[int]]:
        """Return queues, ranks and sequences for `claim.sql`; nothing: to look at all."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_AT_ALL or not all(queue in self._last for queue in queues):
            self._looked_at = now
            return [], [], []
        names = [queue for queue in queues for _ in _RANKS]
        ranks = [rank for _ in queues for rank in _RANKS]
        return names, ranks, [last for queue in queues for last in self._last[queue]]

    def note(self, claims: Sequence[Claim]) -> None:
        """Note what was claimed."""
        for claim in claims:
            last = self._last.setdefault(claim.queue, [0 for _ in _RANKS])
            rank = HIGHEST_PRIORITY - claim.priority
            last[rank] = max(last[rank], claim.sequence - _MARGIN)
