"""How fast workers end tasks, by counting results in the store: the same rule for every system.

Every system stores each result under a key of its own, and `DBSIZE` counts keys in constant time.
So the growth of that number since before the workers started is the number of tasks ended, give or
take a few keys of the systems' own. The window opens when the workers are up and running, so that
start-up, which takes each system a different time, is left out.
"""

from __future__ import annotations

import time

import redis

from benchmarks.errors import BenchmarkError
from benchmarks.processes import Process

POLL = 0.02  # seconds
RUN_IN = 0.5  # seconds after the first task has ended before the window opens
LONGEST = 15.0  # seconds, after which the window closes even if tasks remain
STALL = 60.0  # seconds without any progress before the run is given up
OWN_KEYS = 32  # at most so many keys besides results come and go


def tasks_per_second(
    client: redis.Redis,
    workers: Process,
    *,
    keys_before: int,
    opens_at: int,
    closes_at: int,
    longest: float = LONGEST,
) -> float:
    """Return the rate from `opens_at` to `closes_at` tasks ended, or over `longest` seconds."""
    first_progress: float | None = None
    opened: tuple[float, int] | None = None
    last_count, last_change = 0, time.monotonic()
    while True:
        ended, now = client.dbsize() - keys_before, time.monotonic()
        if ended > last_count:
            last_count, last_change = ended, now
        elif now - last_change > STALL:
            raise workers.failure(f"no task ended for {STALL:.0f} s, {ended} before")
        workers.check_alive()
        if first_progress is None and ended > OWN_KEYS:
            first_progress = now
        if (
            opened is None
            and first_progress is not None
            and ended >= opens_at
            and now - first_progress >= RUN_IN
        ):
            opened = (now, ended)
        if ended >= closes_at or (opened is not None and now - opened[0] >= longest):
            if opened is None or ended <= opened[1]:
                raise BenchmarkError(f"{workers.name}: {ended} tasks are too few to measure a rate")
            return (ended - opened[1]) / (now - opened[0])
        time.sleep(POLL)
