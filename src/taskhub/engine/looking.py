"""The part of the engine port that looks without changing anything; pages, so that nothing is loaded that is not shown.

Times are in milliseconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import NamedTuple

from taskhub.message import Envelope


class QueueCounts(NamedTuple):
    """How many messages a queue holds."""

    ready: int
    #: Those that wait for their time, or for their turn (see `taskhub.engine.throttle`).
    delayed: int


class Delayed(NamedTuple):
    """A message that waits for its time."""

    #: Milliseconds since the epoch.
    due: int
    envelope: Envelope


class DeadLetter(NamedTuple):
    """A message that was given up."""

    key: str
    #: JSON text: what happened.
    reason: str
    #: None when the stored record could not be read.
    envelope: Envelope | None
    #: Milliseconds since the epoch at which it will be forgotten.
    expires: int


class Looking(ABC):
    """What can be seen of a store. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def queues(self) -> dict[str, QueueCounts]:
        """Return the queues ever used, and what each holds."""

    @abstractmethod
    def waiting(self, queue: str, offset: int, limit: int) -> list[Envelope]:
        """Return a page of a queue's ready messages, the next one first."""

    @abstractmethod
    def oldest(self, queue: str) -> list[Envelope]:
        """Return the ready messages of a queue that have waited longest: one of each priority that it holds."""

    @abstractmethod
    def delayed(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[Delayed]:
        """Return a page of the delayed messages, the soonest first; with `queues` of those only."""

    @abstractmethod
    def claimed(self, worker: str, offset: int, limit: int) -> list[Envelope]:
        """Return a page of the messages that a worker holds, by key."""

    @abstractmethod
    def dead_letters(self, offset: int, limit: int) -> list[DeadLetter]:
        """Return a page of the dead letters, the oldest first."""

    @abstractmethod
    def dead_letter(self, key: str) -> DeadLetter | None:
        """Return one dead letter; None: there is none of that key."""

    @abstractmethod
    def dead_count(self) -> int:
        """Return how many dead letters there are."""

    @abstractmethod
    def revoked(self, offset: int, limit: int) -> list[str]:
        """Return a page of the task ids that are remembered as revoked, those first that are forgotten first."""

    @abstractmethod
    def revoked_stamps(self) -> list[tuple[str, str]]:
        """Return the stamps (header, value) whose tasks are revoked."""

    @abstractmethod
    def workers(self) -> dict[str, int]:
        """Return the registered workers and the milliseconds left of their leases."""

    @abstractmethod
    def cards(self) -> dict[str, bytes]:
        """Return what the workers whose leases stand tell of themselves (see `Engine.introduce`)."""

    @abstractmethod
    def held(self, worker: str) -> dict[str, str]:
        """Return a worker's claims: key -> token."""

    @abstractmethod
    def ping(self) -> str:
        """Return what the server calls itself, e.g. "Valkey 9.1.2"."""
