"""How many processes a worker should have for its backlog: pure decisions."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: More processes are started when the backlog has asked for them for so long, seconds: a burst that is worked off while
#: a process would still be starting needs none.
GROW_AFTER = 2.0
#: Processes end that were not needed for so long, seconds; as Celery's, by the variable `AUTOSCALE_KEEPALIVE`.
KEEPALIVE = 30.0


@dataclass(frozen=True)
class Bounds:
    """Between how many processes a worker may have."""

    most: int
    least: int

    def clamp(self, size: int) -> int:
        """Return the nearest size that is allowed."""
        return max(self.least, min(self.most, size))


@dataclass(frozen=True)
class Load:
    """What a worker has to do."""

    #: Messages that are ready in its queues, and those that its processes have in hand.
    waiting: int
    held: int
    #: Tasks at a time of one process.
    threads: int

    @property
    def processes(self) -> int:
        """How many processes would have a thread for each of these."""
        return math.ceil((self.waiting + self.held) / self.threads)


@dataclass(frozen=True)
class Trend:
    """Since when a worker has had too few processes, or too many; None: it has not."""

    too_few_since: float | None = None
    too_many_since: float | None = None
    #: The most that were needed since then.
    peak: int = 0


def decide(
    bounds: Bounds, size: int, load: Load, trend: Trend, now: float, keepalive: float = KEEPALIVE
) -> tuple[int, Trend]:
    """Return how many processes there should be now, and the trend up to now.

    Parameters:
      size: how many there are.
      now: seconds, of any clock.
      keepalive: processes go when they were not needed for so long, seconds.
    """
    if bounds.clamp(size) != size:
        return bounds.clamp(size), Trend()
    needed = bounds.clamp(load.processes)
    if needed > size:
        since = now if trend.too_few_since is None else trend.too_few_since
        return (needed, Trend()) if now - since >= GROW_AFTER else (size, Trend(since))
    if needed < size:
        since = now if trend.too_many_since is None else trend.too_many_since
        peak = max(needed, trend.peak if trend.too_many_since is not None else 0)
        if now - since >= keepalive:
            return peak, Trend()
        return size, Trend(too_many_since=since, peak=peak)
    return size, Trend()
