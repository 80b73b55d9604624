"""The history of tasks and the messages of failed ones, in the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

from taskhub import states as task_states
from taskhub.engine.port.history import History, HistoryCursor, HistoryEntry
from taskhub.engine.port.inspection import DeadLetter
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.connection import Row
from taskhub.engine.postgres.store import PostgresStore
from taskhub.message import Envelope

#: Ids that one statement deletes, or keys that it reads.
TOGETHER: Final = 500


class PostgresHistory(History):
    """One table for each; what is too old is not read, and deleted some at a time.

    Args:
        store: The database.
        rules: How much is kept, and for how long.
    """

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
        rows = self._page_rows("history_page", limit, before, tasks, states, since)
        return [HistoryEntry(*row) for row in rows]

    def cursors(
        self,
        limit: int,
        *,
        before: HistoryCursor | None = None,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> list[HistoryCursor]:
        rows = self._page_rows("history_cursors", limit, before, tasks, states, since)
        return [HistoryCursor(*row) for row in rows]

    def _page_rows(
        self,
        name: str,
        limit: int,
        before: HistoryCursor | None,
        tasks: Collection[str] | None,
        states: Collection[str] | None,
        since: int,
    ) -> list[Row]:
        if limit < 1:
            return []
        wanted = (*_following(before), _list(tasks), _list(states), limit)
        return self._read(name, states, since, *wanted)

    def read(self, cursors: Sequence[HistoryCursor]) -> list[HistoryEntry | None]:
        return self.entries([cursor.task_id for cursor in cursors])

    def count(
        self,
        *,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> int:
        ((count,),) = self._read("history_count", states, since, _list(tasks), _list(states))
        return int(count)

    def tasks(self) -> dict[str, int]:
        return dict(self._store.run("history_tasks"))

    def entries(self, task_ids: Sequence[str]) -> list[HistoryEntry | None]:
        if not task_ids:
            return []
        ttl = self._rules.history_ttl
        rows = self._store.run("history_entries", self._store.now, ttl, list(task_ids))
        return [None if row[0] is None else HistoryEntry(*row) for row in rows]

    def delete(self, task_ids: Sequence[str]) -> list[str]:
        unique = list(dict.fromkeys(task_ids))
        gone: list[str] = []
        for first in range(0, len(unique), TOGETHER):
            page = unique[first : first + TOGETHER]
            found = set(self._store.run_one("delete_history", page))
            gone += [task_id for task_id in page if task_id in found]
        return gone

    def _read(
        self, name: str, states: Collection[str] | None, since: int, *parameters: Any
    ) -> list[Row]:
        """Run the statement of this name that suits the states."""
        if states is not None and task_states.SUCCESS not in states:
            name = f"{name}_unsuccessful"
        return self._store.run(name, self._store.now, self._rules.history_ttl, since, *parameters)

    # -- messages of failed tasks

    def failed(self, offset: int, limit: int) -> list[DeadLetter]:
        if limit < 1:
            return []
        return [read_dead_letter(row) for row in self._store.run("failed_page", offset, limit)]

    def failed_messages(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        found: dict[str, DeadLetter] = {}
        for first in range(0, len(keys), TOGETHER):
            rows = self._store.run("failed_messages", keys[first : first + TOGETHER])
            found.update((row[0], read_dead_letter(row)) for row in rows)
        return [found.get(key) for key in keys]

    def failed_count(self) -> int:
        return int(self._store.run_one("failed_count"))

    def retry_failed(self, keys: Sequence[str]) -> list[str]:
        if not keys:
            return []
        ((sent, grown),) = self._store.run("retry_failed", self._store.now, list(keys))
        self._store.announce(grown)
        return list(sent)


def read_dead_letter(row: Row) -> DeadLetter:
    """Return the dead letter, or kept message, of a row.

    Its columns: key, reason, task id, queue, priority, body, when it expires.
    """
    key, reason, task_id, queue, priority, body, expires = row
    return DeadLetter(key, reason, Envelope(task_id, queue, priority, body), expires)


def _following(cursor: HistoryCursor | None) -> tuple[int | None, str | None]:
    return (None, None) if cursor is None else cursor


def _list(names: Collection[str] | None) -> list[str] | None:
    return None if names is None else list(names)
