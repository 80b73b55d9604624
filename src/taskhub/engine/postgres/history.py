"""Tasks that have ended, and the messages of failed ones."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from taskhub.engine.port.history import History, HistoryCursor, HistoryEntry
from taskhub.engine.port.inspection import DeadLetter
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.store import PostgresStore


class PostgresHistory(History):
    """Tasks that have ended, and the messages of failed ones."""

    def __init__(self, store: PostgresStore, rules: EngineRules) -> None:
        self._store = store
        self._rules = rules

    def page(
        self,
        limit: int,
        *,
        before: HistoryCursor | None = None,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> list[HistoryEntry]:
        raise NotImplementedError

    def cursors(
        self,
        limit: int,
        *,
        before: HistoryCursor | None = None,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> list[HistoryCursor]:
        raise NotImplementedError

    def read(self, cursors: Sequence[HistoryCursor]) -> list[HistoryEntry | None]:
        raise NotImplementedError

    def count(
        self,
        *,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> int:
        raise NotImplementedError

    def tasks(self) -> dict[str, int]:
        raise NotImplementedError

    def entries(self, task_ids: Sequence[str]) -> list[HistoryEntry | None]:
        raise NotImplementedError

    def delete(self, task_ids: Sequence[str]) -> list[str]:
        raise NotImplementedError

    def failed(self, offset: int, limit: int) -> list[DeadLetter]:
        raise NotImplementedError

    def failed_messages(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        raise NotImplementedError

    def failed_count(self) -> int:
        raise NotImplementedError

    def retry_failed(self, keys: Sequence[str]) -> list[str]:
        raise NotImplementedError
