"""The part of the engine port that limits how fast the tasks of a name begin, over all workers.

A worker that has claimed a message of a limited task asks for a permit. If the task may not begin
yet, the message is claimed no longer and waits, at its position, for a permit: then it is ready
again, before what came later. That is not counted as a delivery, and nobody asks for it meanwhile.

Each name has a token bucket, as Celery's `TokenBucket`: it fills at the rate, and each task that
begins takes one token. It holds one; above ten tasks a second, as many as come in a tenth of a
second, so that permits are granted for several tasks at a time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

#: A bucket holds the tokens of this time, seconds, or one.
BURST = 0.1
#: Permits granted in one step, so that the store is not held up.
PERMITS_AT_ONCE = 500
#: Messages that may get a permit are expected to be claimed, and their workers to ask, within this
#: time, ms; then others may.
REQUEST_AGAIN = 5000


class Rate(NamedTuple):
    """How fast the tasks of a name begin, in whole numbers: every engine computes the same."""

    #: Microseconds from one token to the next; 0: no limit.
    interval: int
    #: How many tokens the bucket holds.
    burst: int


#: Without limit.
AT_ONCE = Rate(0, 1)


def rate_of(per_second: float) -> Rate:
    """Return the rate of so many tasks a second; 0: without limit."""
    if per_second <= 0:
        return AT_ONCE
    return Rate(max(1, round(1_000_000 / per_second)), max(1, int(per_second * BURST)))


def permit_moment(rate: Rate, full: int, index: int, now: int) -> int:
    """Return when a message that waits gets its permit, ms.

    Args:
        rate: That of its task.
        full: When the bucket of its task is full again, microseconds.
        index: How many of its task wait before it.
        now: The present, ms.
    """
    interval, burst = rate
    microseconds = full - (burst - index - 1) * interval
    return max(now, -(-microseconds // 1000))


class BucketState(NamedTuple):
    """The bucket of a limited task at one moment."""

    #: How many of its tasks may begin now.
    tokens: int
    #: When the next one may begin, milliseconds since the epoch; now, if there is a token.
    next_permit: int
    #: How fast they begin, as the worker that asked last has said.
    rate: Rate


def bucket_state(rate: Rate, full: int, now: int) -> BucketState | None:
    """Return the state of a bucket; None: the rate is without limit.

    Args:
        rate: That of its task.
        full: When it is full again, microseconds.
        now: The present, ms.
    """
    interval, burst = rate
    if interval == 0:
        return None
    missing = -(-(full - now * 1000) // interval)
    tokens = max(0, min(burst, burst - missing))
    return BucketState(tokens, permit_moment(rate, full, 0, now), rate)


class PermitRequest(NamedTuple):
    """A claimed message whose task asks to begin."""

    #: Of its claim.
    key: str
    token: str
    #: The name of its task.
    task: str
    rate: Rate


class Permits(NamedTuple):
    """The reply to some requests."""

    #: For each, whether it may begin; if not, it is claimed no longer.
    granted: list[bool]
    #: Milliseconds until the next permit for messages of these tasks that wait; None: none waits.
    next_permit: int | None


class RateLimiter(ABC):
    """Permits of rate-limited tasks. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def acquire_permits(self, worker: str, requests: Sequence[PermitRequest]) -> Permits:
        """Let claimed messages begin, or wait for permits; one whose claim is gone may not begin.

        Not to be repeated when the reply is lost: reconcile, and ask again.
        """

    @abstractmethod
    def set_rate(self, task: str, rate: Rate) -> None:
        """Change how fast the tasks of a name begin, also those that wait for permits already."""

    @abstractmethod
    def waiting(self) -> dict[str, int]:
        """Return how many messages wait for permits, by task."""

    @abstractmethod
    def bucket_states(self, tasks: Sequence[str]) -> list[BucketState | None]:
        """Return the state of each task's bucket; None: it has no limit, or never asked."""

    @abstractmethod
    def store_limit(self, task: str, limit: str | None) -> None:
        """Store a text about a task's rate limit for all workers, also later ones; None: delete."""

    @abstractmethod
    def stored_limits(self) -> dict[str, str]:
        """Return what `store_limit` stored, by task."""
