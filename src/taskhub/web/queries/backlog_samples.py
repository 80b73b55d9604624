"""Samples of queue lengths, for backlog lines and rates of incoming messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Final

__all__ = ("BacklogSamples",)

#: Seconds of a bin, and how many bins are kept.
SPANS: Final[Mapping[str, tuple[int, int]]] = {"1h": (60, 61), "24h": (900, 97), "72h": (3600, 73)}


class BacklogSamples:
    """Keeps, of each bin of each span, the lengths that were seen last in it."""

    def __init__(self) -> None:
        self._bins: dict[str, dict[int, Mapping[str, int]]] = {span: {} for span in SPANS}
        self._lock = threading.Lock()

    def record(self, lengths: Mapping[str, int], now: float | None = None) -> None:
        """Remember lengths; empty queues are left out."""
        at = time.time() if now is None else now
        seen = {name: length for name, length in lengths.items() if length}
        with self._lock:
            for span, (step, most) in SPANS.items():
                bins = self._bins[span]
                bins[int(at // step)] = seen
                for old in [number for number in bins if number <= at // step - most]:
                    del bins[old]

    def lengths(self, span: str, bins: range) -> list[Mapping[str, int] | None]:
        """Return what was seen in some bins, counted from the epoch; None: nothing was."""
        with self._lock:
            kept = self._bins[span]
            return [kept.get(number) for number in bins]

    def growth(self, queue: str, now: float | None = None) -> tuple[int, float] | None:
        """Return a queue's growth since a minute or more ago, and that time; None: unknown."""
        minute = int((time.time() if now is None else now) // 60)
        with self._lock:
            kept = self._bins["1h"]
            latest = kept.get(minute)
            for ago in (1, 2, 3):
                before = kept.get(minute - ago)
                if latest is not None and before is not None:
                    return latest.get(queue, 0) - before.get(queue, 0), 60.0 * ago
        return None
