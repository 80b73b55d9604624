"""Prefetch: how many messages a worker process holds beyond those that run.

That is enough to keep its threads busy, and never work that other processes could do.
"""

from __future__ import annotations

#: Messages beyond the running ones are held only up to about this much work, seconds.
AHEAD = 0.05
#: ... and never more than this many.
MOST_AHEAD = 256
#: Weight of the newest run time in the mean.
_WEIGHT = 0.05


class Prefetch:
    """Follows the recent mean run time of a process's tasks.

    Args:
        threads: How many tasks the process runs at once.
    """

    def __init__(self, threads: int) -> None:
        #: How many tasks the process runs at once.
        self.threads = threads
        #: Never to hold more than this, running ones included; None: no such bound.
        self.maximum: int | None = None
        self._mean: float | None = None

    def observe(self, runtime: float) -> None:
        """Take a run time (seconds) into the mean.

        A long one replaces it, so that messages are soon left to others.
        """
        if self._mean is None or runtime > AHEAD:
            self._mean = runtime
        else:
            self._mean += _WEIGHT * (runtime - self._mean)

    @property
    def target(self) -> int:
        """How many messages to hold, running ones included."""
        if self._mean is None or self._mean >= AHEAD:
            return self.threads
        ahead = MOST_AHEAD if self._mean <= 0 else int(self.threads * AHEAD / self._mean)
        target = self.threads + min(MOST_AHEAD, ahead)
        return target if self.maximum is None else min(target, self.maximum)

    def wanted(self, held: int, since_start: float) -> int:
        """Return how many more to claim now: none until half of what is held ahead is used up.

        Args:
            held: How many messages are held now.
            since_start: Seconds since a thread last began one.
        """
        if held >= self.threads and since_start > AHEAD:
            # Every thread is busy with a long task, whatever the mean says.
            return 0
        target = self.target
        if held >= self.threads and held > target // 2:
            return 0
        return target - held
