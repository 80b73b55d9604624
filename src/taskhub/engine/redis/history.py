"""The history of tasks and the messages of failed ones, in Redis."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from taskhub.engine.port.history import History, HistoryCursor, HistoryEntry
from taskhub.engine.port.inspection import DeadLetter
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.arguments import wire_key
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.engine.redis.inspection import milliseconds, read_dead_letter, read_scored
from taskhub.history import STATES

#: Entries of one index that are read with one command.
PAGE: Final = 1000
#: The same of the first page, of which as many are read as there are indexes.
SHORTEST_PAGE: Final = 10
#: Task ids that one script deletes, and keys that are looked up with one command.
TOGETHER: Final = 500


class RedisHistory(History):
    """Reads with plain commands, which may be repeated; `history.lua` says what there is.

    Args:
        namespace: What keys begin with.
        rules: How much is kept, and for how long.
        channels: Returns the connections of this process.
        now: Returns the present in ms, "" for that of the server's clock.
        index_outcomes: Brings what has ended into the history (outcomes.lua).
    """

    def __init__(
        self,
        namespace: str,
        rules: EngineRules,
        channels: Callable[[], ChannelPool],
        now: Callable[[], str],
        index_outcomes: Callable[[], None],
    ) -> None:
        self._index_outcomes = index_outcomes
        self._namespace = namespace
        self._rules = rules
        self._channels = channels
        self._now = now
        self._failed = f"{namespace}:failed"

    def page(
        self,
        limit: int,
        *,
        before: HistoryCursor | None = None,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> list[HistoryEntry]:
        return self._entries(self._cursors(limit, before, tasks, states, since), limit)

    def cursors(
        self,
        limit: int,
        *,
        before: HistoryCursor | None = None,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> list[HistoryCursor]:
        return list(islice(self._cursors(limit, before, tasks, states, since), max(0, limit)))

    def read(self, cursors: Sequence[HistoryCursor]) -> list[HistoryEntry | None]:
        if not cursors:
            return []
        names = (wire_key(cursor.task_id) for cursor in cursors)
        records = self._call(("HMGET", f"{self._namespace}:history:records", *names))[0]
        return [
            None if record is None else _entry(cursor, record)
            for cursor, record in zip(cursors, records, strict=True)
        ]

    def _cursors(
        self,
        limit: int,
        before: HistoryCursor | None,
        tasks: Collection[str] | None,
        states: Collection[str] | None,
        since: int,
    ) -> Iterator[HistoryCursor]:
        """Yield the cursors of what matches; about `limit` of them are read at once."""
        indexes = self._indexes(tasks, states) if limit > 0 else []
        if not indexes:
            return
        self._index_outcomes()
        least = max(since, self._oldest())
        # Each index is in order: the page is merged of as little of each as it takes. The first
        # pages come in one round trip, the shorter the more there are.
        size = min(PAGE, limit, max(SHORTEST_PAGE, 4 * limit // len(indexes)))
        most = "+inf" if before is None else before.ended_at
        pages = self._call(*(_page_of(index, most, least, 0, size) for index in indexes))
        streams = (
            self._ended(index, before, least, read_scored(page), size)
            for index, page in zip(indexes, pages, strict=True)
        )
        merged = next(streams) if len(indexes) == 1 else heapq.merge(*streams, reverse=True)
        for ended_at, task_id in merged:
            yield HistoryCursor(ended_at, _text(task_id))

    def count(
        self,
        *,
        tasks: Collection[str] | None = None,
        states: Collection[str] | None = None,
        since: int = 0,
    ) -> int:
        least = max(since, self._oldest())
        indexes = self._indexes(tasks, states)
        if not indexes:
            return 0
        self._index_outcomes()
        return sum(self._call(*(("ZCOUNT", index, least, "+inf") for index in indexes)))

    def tasks(self) -> dict[str, int]:
        self._index_outcomes()
        reply = self._call(("HGETALL", f"{self._namespace}:history:tasks"))[0]
        pairs = zip(reply[::2], reply[1::2], strict=True)
        found = {_text(name): int(count) for name, count in pairs}
        return dict(sorted(found.items()))

    def entries(self, task_ids: Sequence[str]) -> list[HistoryEntry | None]:
        if not task_ids:
            return []
        self._index_outcomes()
        keys = [wire_key(task_id) for task_id in task_ids]
        history = f"{self._namespace}:history"
        records, *scores = self._call(
            ("HMGET", f"{history}:records", *keys), *(("ZSCORE", history, key) for key in keys)
        )
        oldest = self._oldest()
        return [
            None
            if record is None or score is None or float(score) < oldest
            else _entry(HistoryCursor(int(float(score)), task_id), record)
            for task_id, record, score in zip(task_ids, records, scores, strict=True)
        ]

    def delete(self, task_ids: Sequence[str]) -> list[str]:
        self._index_outcomes()
        return [
            key
            for page in _pages(task_ids)
            for key in self._run("delete_history", *map(wire_key, page))
        ]

    # -- messages of failed tasks

    def failed(self, offset: int, limit: int) -> list[DeadLetter]:
        if limit < 1:
            return []
        command = ("ZRANGE", self._failed, offset, offset + limit - 1, "WITHSCORES")
        keys = [_text(key) for key, _ in read_scored(self._call(command)[0])]
        return [found for found in self.failed_messages(keys) if found is not None]

    def failed_messages(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        found: list[DeadLetter | None] = []
        for page in _pages(keys):
            names = [wire_key(key) for key in page]
            texts, *scores = self._call(
                ("HMGET", f"{self._failed}:messages", *names),
                *(("ZSCORE", self._failed, name) for name in names),
            )
            found += [
                None
                if text is None or expires is None
                else read_dead_letter(key, text, int(float(expires)))
                for key, text, expires in zip(page, texts, scores, strict=True)
            ]
        return found

    def failed_count(self) -> int:
        return int(self._call(("ZCARD", self._failed))[0])

    def retry_failed(self, keys: Sequence[str]) -> list[str]:
        if not keys:
            return []
        self._index_outcomes()
        return self._run("retry_dead_letters", "failed", *map(wire_key, keys))

    # -- reading

    def _call(self, *commands: tuple[Any, ...]) -> list[Any]:
        return self._channels().call(commands)

    def _run(self, name: str, *arguments: Any) -> list[str]:
        reply = self._channels().run(name, self._namespace, (self._now(), *arguments))
        return [_text(key) for key in reply]

    def _oldest(self) -> int:
        """Return since when entries have not expired, ms since the epoch."""
        now = self._now()
        present = int(now) if now else milliseconds(self._call(("TIME",))[0])
        return present - self._rules.history_ttl

    def _indexes(self, tasks: Collection[str] | None, states: Collection[str] | None) -> list[str]:
        """Return the indexes that hold all that match, and nothing else."""
        history = f"{self._namespace}:history"
        if tasks is None and states is None:
            return [history]
        if tasks is None:
            return [f"{history}:state:{state}" for state in dict.fromkeys(states or ())]
        wanted = STATES if states is None else dict.fromkeys(states)
        return [
            f"{history}:task:{task}\n{state}" for task in dict.fromkeys(tasks) for state in wanted
        ]

    def _ended(
        self,
        index: str,
        before: HistoryCursor | None,
        least: int,
        found: list[tuple[bytes, int]],
        size: int,
    ) -> Iterator[tuple[int, bytes]]:
        """Yield when tasks of an index ended, and their ids, from the last one on.

        Args:
            index: The key.
            before: Behind which entry they stand; None: from the last one on.
            least: Since when they ended.
            found: The first page.
            size: How many that had at most.
        """
        last = None if before is None else (before.ended_at, _bytes(before.task_id))
        most: Any = "+inf" if last is None else last[0]
        skipped = 0
        while True:
            for task_id, ended_at in found:
                if last is None or (ended_at, task_id) < last:
                    last = (ended_at, task_id)
                    yield last
            if len(found) < size:
                return
            # From the last one on, which others ended together with: what is added meanwhile stands
            # before it.
            ties = sum(1 for _, ended_at in found if ended_at == found[-1][1])
            skipped = skipped + size if most == found[-1][1] else ties
            most, size = found[-1][1], PAGE
            found = read_scored(self._call(_page_of(index, most, least, skipped, size))[0])

    def _entries(self, cursors: Iterator[HistoryCursor], limit: int) -> list[HistoryEntry]:
        """Return entries with their records, up to a limit, without those deleted meanwhile."""
        found: list[HistoryEntry] = []
        while len(found) < limit:
            page = list(islice(cursors, limit - len(found)))
            if not page:
                break
            found += [entry for entry in self.read(page) if entry is not None]
        return found


def _page_of(index: str, most: Any, least: int, skipped: int, size: int) -> tuple[Any, ...]:
    """Return the command that reads a page of an index."""
    return ("ZREVRANGEBYSCORE", index, most, least, "WITHSCORES", "LIMIT", skipped, size)


def _pages(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[first : first + TOGETHER] for first in range(0, len(keys), TOGETHER))


def _text(name: bytes) -> str:
    return name.decode(errors="surrogateescape")


def _bytes(name: str) -> bytes:
    return name.encode(errors="surrogateescape")


def _entry(cursor: HistoryCursor, record: bytes) -> HistoryEntry:
    task, state, text = record.decode(errors="replace").split("\n", 2)
    return HistoryEntry(cursor.task_id, task, state, cursor.ended_at, text)
