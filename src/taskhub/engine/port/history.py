"""The part of the engine port that keeps tasks after their end: history, messages of failed ones.

Both are written by the commit of the outcome (`Outcome.history`, `Outcome.failed`), and bounded by
`EngineRules`. Times are in milliseconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import NamedTuple

from taskhub.engine.port.inspection import DeadLetter


class HistoryCursor(NamedTuple):
    """Where a page of the history ends: the next one begins behind it."""

    ended_at: int
    task_id: str


class HistoryEntry(NamedTuple):
    """A task that has ended."""

    task_id: str
    #: Its name.
    task: str
    #: The state it ended in, one of `taskhub.history.STATES`.
    state: str
    #: By the store's clock, milliseconds since the epoch.
    ended_at: int
    #: What its worker knew of it (`taskhub.history.HistoryRecord`); the engine does not open it.
    record: str

    @property
    def cursor(self) -> HistoryCursor:
        """Where a page ends whose last entry this is."""
        return HistoryCursor(self.ended_at, self.task_id)


class History(ABC):
    """Tasks that have ended, the last one of each task id.

    Raises `OperationalError` as `Engine` does.
    """

    @abstractmethod
    def page(
        self,
        limit: int,
        *,
        before: HistoryCursor | None = None,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> list[HistoryEntry]:
        """Return a page, the task that ended last first.

        Args:
            limit: How many at most.
            before: The cursor of the last entry of the page before it.
            tasks: Only tasks of these names; None: of any.
            states: Only tasks that ended in these states; None: in any.
            since: Only tasks that ended at this time or later, ms since the epoch.
        """

    @abstractmethod
    def cursors(
        self,
        limit: int,
        *,
        before: HistoryCursor | None = None,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> list[HistoryCursor]:
        """Return the cursors of the entries of a page, without what is kept of each."""

    @abstractmethod
    def read(self, cursors: Sequence[HistoryCursor]) -> list[HistoryEntry | None]:
        """Return the entries of some cursors; None where there is none any more."""

    @abstractmethod
    def count(
        self,
        *,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> int:
        """Return how many entries match; the arguments are those of `page`."""

    @abstractmethod
    def tasks(self) -> dict[str, int]:
        """Return the names of tasks in the history, each with its number of entries."""

    @abstractmethod
    def entries(self, task_ids: Sequence[str]) -> list[HistoryEntry | None]:
        """Return the entries of tasks; None where there is none."""

    @abstractmethod
    def delete(self, task_ids: Sequence[str]) -> list[str]:
        """Delete entries, and kept messages with them; return the ids of those that were there."""

    # -- messages of failed tasks

    @abstractmethod
    def failed(self, offset: int, limit: int) -> list[DeadLetter]:
        """Return a page of the messages of failed tasks, the oldest first; without dead letters."""

    @abstractmethod
    def failed_messages(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        """Return the kept messages of these keys; None where there is none."""

    @abstractmethod
    def failed_count(self) -> int:
        """Return how many messages of failed tasks are kept."""

    @abstractmethod
    def retry_failed(self, keys: Sequence[str]) -> list[str]:
        """Make messages of failed tasks ready to run again; return those that were.

        One that cannot be read stays. Their tasks are no longer part of the history.
        """
