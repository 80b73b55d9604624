"""The part of the engine port that keeps the audit log: who changed what, of how many, and when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, NamedTuple

#: So many entries are kept; the oldest are dropped.
MAX_ENTRIES: Final = 10_000


class AuditEntry(NamedTuple):
    """One action."""

    #: Who acted.
    who: str
    #: The action, for example `queues.pause`.
    action: str
    #: What it was done to: a task id, a queue, a worker, an entry of the schedule, ...
    target: str = ""
    #: How many things it changed; None: that is not counted.
    affected: int | None = None
    #: JSON text with more about it; the engine does not read it.
    details: str = ""
    #: When, ms since the epoch by the store's clock; the store sets it.
    at: int = 0


class AuditLog(ABC):
    """A capped list of actions. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def append(self, entry: AuditEntry) -> None:
        """Append an entry, with the store's time.

        When the reply is lost it is not repeated: an entry may then be missing.
        """

    @abstractmethod
    def entries(self, offset: int, limit: int) -> list[AuditEntry]:
        """Return a page of the entries, the latest first."""

    @abstractmethod
    def count(self) -> int:
        """Return how many entries there are."""
