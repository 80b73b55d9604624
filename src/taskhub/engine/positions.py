"""Positions of messages in their queues: by priority, then by a sequence made from the time.

A *sequence* is the number of steps from `EPOCH` to the moment at which its message became ready, or
the one behind the last that was given: no two messages have the same.
"""

from __future__ import annotations

#: Where sequences begin, ms since the epoch: 2025-01-01.
EPOCH = 1_735_689_600_000
#: Steps per millisecond. Of more messages than that the later ones take those of the next moments.
STEPS = 256


def next_sequence(last: int, now: int) -> int:
    """Return the sequence of a message that becomes ready now (ms since the epoch).

    Args:
        last: The last one that was given.
        now: The present.
    """
    return max(last + 1, (now - EPOCH) * STEPS)


def ready_at(sequence: int) -> int | None:
    """Return when a message became ready, ms since the epoch; None: it never was."""
    return EPOCH + sequence // STEPS if sequence > 0 else None
