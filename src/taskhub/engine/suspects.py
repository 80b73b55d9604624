"""Suspects: messages that were lost with worker processes more than once.

When a process dies, nobody knows which of the tasks that ran in it was the cause: all of them count
a delivery. Run together again, one that kills its process takes the others with it each time, until
all of them are dead letters. So after its second loss a message is a suspect: it begins in a
process that holds nothing else, and nothing else begins there until it has ended, or has run long
enough to be taken for harmless for now. Two suspects never run in one process: what ends its
process then is counted alone.

A worker asks for suspects when it claims (`Engine.exchange`); `SuspectIsolation` decides what to
ask for. A message that was never lost takes no step of this.
"""

from __future__ import annotations

#: The delivery from which on a message is a suspect. At the second, after one loss, it is not: most
#: processes die once, of something else, and their tasks are to run again at once and all together.
SUSPECTED_FROM = 3
#: How long nothing begins beside a suspect, seconds: at first, how many times as long with each
#: delivery, at most.
FIRST_ALONE, LONGER_EACH_TIME, LONGEST_ALONE = 10.0, 6.0, 360.0


def first_suspected(max_deliveries: int) -> int:
    """Return the delivery from which on a message is a suspect; the last one always is."""
    return max(2, min(SUSPECTED_FROM, max_deliveries))


def is_suspect(delivery: int, max_deliveries: int) -> bool:
    """Whether a delivery is that of a suspect; one over the limit is not run, and is none."""
    return first_suspected(max_deliveries) <= delivery <= max_deliveries


def alone_for(delivery: int, max_deliveries: int) -> float:
    """Return for how long nothing begins beside a suspect, seconds."""
    times = min(10, delivery - first_suspected(max_deliveries))
    return min(LONGEST_ALONE, FIRST_ALONE * LONGER_EACH_TIME**times)
