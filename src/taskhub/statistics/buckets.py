"""Buckets for durations: each is a factor of sqrt(2) wider than the one before it.

A duration that is derived from its bucket is off by at most 19 percent (a factor of 2 ** 0.25),
whatever its size; below a millisecond all are alike.
"""

from __future__ import annotations

from math import ceil, log2

#: The first bucket ends at this many seconds.
FIRST = 0.001
#: The last one holds everything above 9 days.
LAST = 60


def bucket_of(seconds: float) -> int:
    """Return the bucket that holds a duration: 0 up to `FIRST`, then two for each doubling."""
    if seconds <= FIRST:
        return 0
    # What lies on a bound belongs below it, however it was rounded.
    return min(LAST, ceil(2 * log2(seconds / FIRST) - 1e-9))


def upper_bound(bucket: int) -> float:
    """Return where a bucket ends, seconds; the last has no end."""
    return float(FIRST * 2.0 ** (bucket / 2))


def middle(bucket: int) -> float:
    """Return the duration that stands for a bucket, seconds: off by one factor at both ends."""
    return upper_bound(bucket) / (2.0 if bucket == 0 else 2.0**0.25)
