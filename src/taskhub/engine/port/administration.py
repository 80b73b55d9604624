"""The part of the engine port with which people and scripts change what is stored.

Times are in milliseconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

from taskhub.engine.port.claims import Claim

#: What keeps a queue from being forgotten: messages that are ready, claimed, delayed or
#: rate-limited, or a live worker that serves it.
QueueUse = Literal["ready", "served", "claimed", "delayed", "rate_limited"]


class Administration(ABC):
    """Revoked tasks, dead letters, whole queues. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def revoke(self, revoker: str, task_ids: Sequence[str], remember: int) -> list[Claim]:
        """Remember ids as revoked, and claim those that wait so that `revoker` ends them.

        Args:
            revoker: The worker name under which those that wait are claimed.
            task_ids: The tasks.
            remember: For how long, ms.
        """

    @abstractmethod
    def revoke_stamps(self, stamps: Sequence[tuple[str, str]], remember: int) -> None:
        """Remember stamps (header, value) as revoked; workers honour them, see `revoked_stamps`."""

    @abstractmethod
    def retry_dead_letters(self, keys: Sequence[str]) -> list[str]:
        """Make dead letters ready to run again; return those that were there and readable."""

    @abstractmethod
    def delete_dead_letters(self, keys: Sequence[str]) -> list[str]:
        """Delete dead letters; return those that were there."""

    @abstractmethod
    def purge(self, queue: str, *, delayed: bool = True) -> int:
        """Delete all waiting messages of a queue; return how many."""

    @abstractmethod
    def pause_queue(self, queue: str, by: str = "", reason: str = "") -> bool:
        """Pause a queue: nothing is claimed from it until `resume_queue`.

        Messages may be enqueued all the same; what was claimed before runs to its end.

        Args:
            queue: Its name; it need not exist yet.
            by: Who pauses it, for `Inspection.paused_queues`.
            reason: Why, for the same.

        Returns:
            False if it was paused already, which changes nothing.
        """

    @abstractmethod
    def resume_queue(self, queue: str) -> bool:
        """Resume a paused queue, and notify a worker of its messages; False: it was not paused."""

    @abstractmethod
    def forget_queue(self, queue: str) -> QueueUse | None:
        """Forget a queue that holds no message and that no live worker serves, and its pause.

        It is known again from its next message on. Counts of what has ended in it are kept. That
        looks at all delayed messages: a million of them hold a server up for half a second.

        Returns:
            What keeps it, which changes nothing; None: it is forgotten, or was not known.
        """
