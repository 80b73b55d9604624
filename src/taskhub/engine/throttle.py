"""The part of the engine port that keeps rate limits: how fast the tasks of a name begin, over all workers.

A worker that has claimed a message of a limited task asks for its turn. If the task may not begin yet, the message
leaves the worker's hands and waits, at the place that it had, until it is its turn: then it is ready again, before what
came later. It is not counted as a delivery, and nobody asks for it meanwhile.

Each name has a bucket of tokens, as Celery's `TokenBucket`: it fills at the rate, and each task that begins takes one.
It holds one token; above ten tasks a second, as many as come in a tenth of a second, so that a turn need not come for
every single task.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

#: A bucket holds the tokens of this time, seconds, or one.
BURST = 0.1
#: Messages that leave a bucket's queue in one step, so that the store is not held up.
TURNS_AT_ONCE = 500
#: Those whose turn it is are expected to be claimed, and to ask, within this time, ms; then others get theirs.
ASK_AGAIN = 5000


class Pace(NamedTuple):
    """How fast the tasks of a name begin, in whole numbers, so that all who reckon with it come to the same."""

    #: Microseconds from one token to the next; 0: no limit.
    interval: int
    #: How many tokens the bucket holds.
    burst: int


#: Without limit.
AT_ONCE = Pace(0, 1)


def pace_of(per_second: float) -> Pace:
    """Return the pace of so many tasks a second; 0: without limit."""
    if per_second <= 0:
        return AT_ONCE
    return Pace(max(1, round(1_000_000 / per_second)), max(1, int(per_second * BURST)))


class Turn(NamedTuple):
    """A claimed message that asks whether its task may begin."""

    #: Of its claim.
    key: str
    token: str
    #: The name of its task.
    task: str
    pace: Pace


class Turns(NamedTuple):
    """The answer to some messages that asked."""

    #: For each, whether it may begin; if not, it is held no more.
    granted: list[bool]
    #: Milliseconds until the next of those that wait gets its turn; None: none of these tasks has any that wait.
    next_turn: int | None


class Throttle(ABC):
    """Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def take_turns(self, worker: str, turns: Sequence[Turn]) -> Turns:
        """Let claimed messages begin, or wait for their turns. One whose claim no longer stands may not begin.

        Not to be repeated when the reply is lost: reconcile, and ask again.
        """

    @abstractmethod
    def set_pace(self, task: str, pace: Pace) -> None:
        """Change how fast the tasks of a name begin, also those that wait for their turns already."""

    @abstractmethod
    def waiting(self) -> dict[str, int]:
        """Return how many messages wait for their turns, by task."""

    @abstractmethod
    def remember(self, task: str, limit: str | None) -> None:
        """Keep a text about a task's rate limit for all workers, also later ones; None: forget it."""

    @abstractmethod
    def remembered(self) -> dict[str, str]:
        """Return what `remember` kept, by task."""
