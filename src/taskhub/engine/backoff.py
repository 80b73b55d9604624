"""Backoff of threads that cannot reach the store."""

from __future__ import annotations

import random

#: Bounds of the pause between tries, seconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0


def pause_after(failures: int) -> float:
    """Return how long to pause after so many failures in a row, seconds, with jitter."""
    bound = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
    return bound * random.uniform(0.5, 1.0)
