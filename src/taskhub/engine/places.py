"""Places of messages in their queues: by priority, then by age; a place tells when the message became ready.

The scripts of the Redis engine (`shared.lua`) reckon with the same numbers.
"""

from __future__ import annotations

from taskhub.message import HIGHEST_PRIORITY

#: A priority's band of scores; ages stay below it until 2094.
BAND = 2**49
#: Where ages begin, ms since the epoch: 2025-01-01.
EPOCH = 1_735_689_600_000
#: Ages per millisecond. Of more messages than that the later ones take the ages of the next moments.
TICKS = 256
#: Who seems to have waited longer has a place from before places told the time, or none, ms.
LONGEST_WAIT = 366 * 24 * 60 * 60 * 1000


def next_age(last: int, now: int) -> int:
    """Return the age of a message that is ready now (ms since the epoch): above the last one that was given."""
    return max(last + 1, (now - EPOCH) * TICKS)


def score_of(priority: int, age: int) -> int:
    """Return the place of a message of this priority and age."""
    return (HIGHEST_PRIORITY - priority) * BAND + age


def waited(score: str, now: int) -> int | None:
    """Return for how long a message with this place has been ready, ms; None: its place does not tell."""
    try:
        age = int(score) % BAND
    except ValueError:
        return None
    wait = now - EPOCH - age // TICKS
    return None if wait > LONGEST_WAIT else max(0, wait)
