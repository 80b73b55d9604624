"""Stored messages that have not ended: in pages, by key and by text, and how long they wait."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from taskhub.engine.port.inspection import (
    Delayed,
    FoundMessages,
    Inspection,
    RateLimited,
    Stored,
)
from taskhub.engine.port.rate_limiter import Rate, permit_moment
from taskhub.engine.positions import ready_at
from taskhub.engine.postgres.store import PostgresStore
from taskhub.message import Envelope

#: Messages, and bytes of them, that one step of a search looks at.
SEARCH_PAGE: Final = 500
SEARCH_BYTES: Final = 256 * 1024
KEYS_PAGE: Final = 2000
#: Messages that wait for permits, read at once.
LIMITED_PAGE: Final = 500
#: Behind every other character.
_LAST: Final = "\U0010ffff" * 4
#: Stands before all that wait for permits.
_BEFORE_ALL: Final = ("", -1, 0, "")


class PostgresMessages(Inspection):
    """Reads with statements that change nothing, which may be repeated."""

    _store: PostgresStore

    def waiting(self, queue: str, offset: int, limit: int) -> list[Envelope]:
        return self.waiting_pages([(queue, offset, limit)])[0]

    def waiting_pages(self, pages: Sequence[tuple[str, int, int]]) -> list[list[Envelope]]:
        found: list[list[Envelope]] = [[] for _ in pages]
        if not any(limit > 0 for _, _, limit in pages):
            return found
        rows = self._store.run(
            "waiting_pages",
            [queue for queue, _, _ in pages],
            [offset for _, offset, _ in pages],
            [max(0, limit) for _, _, limit in pages],
        )
        for number, *message in rows:
            found[number - 1].append(read_envelope(*message))
        return found

    def oldest(self, queue: str) -> list[Envelope]:
        return [read_envelope(*row) for row in self._store.run("oldest", queue)]

    def longest_waits(self, queues: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        names = list(dict.fromkeys(queues))
        for now, name, sequence in self._store.run("longest_waits", self._store.now, names):
            moment = ready_at(sequence)
            if moment is not None:
                found[name] = max(0, now - moment)
        return found

    def count_ready(self, queue: str) -> dict[int, int]:
        return dict(self._store.run("count_ready", queue))

    def stored(self, keys: Sequence[str]) -> list[Stored | None]:
        if not keys:
            return []
        found: dict[str, Stored] = {}
        for row in self._store.run("stored", self._store.now, list(keys)):
            key, queue, priority, body, position, due, task, before, *bucket = row
            envelope = read_envelope(key, queue, priority, body)
            permit = None if task is None else _permit(before, *bucket)
            found[key] = Stored(key, envelope, position, due, permit)
        return [found.get(key) for key in keys]

    def find_keys(self, beginning: str, cursor: str = "") -> FoundMessages:
        rows = self._store.run("find_keys", beginning, beginning + _LAST, cursor, KEYS_PAGE)
        keys = [key for (key,) in rows]
        return FoundMessages(keys, keys[-1] if len(keys) == KEYS_PAGE else "")

    def find_messages(self, texts: Sequence[str], cursor: str = "") -> FoundMessages:
        wanted = [text.encode() for text in texts]
        rows = self._store.run("find_messages", cursor, SEARCH_PAGE, SEARCH_BYTES, wanted)
        found = [key for key, is_found in rows if is_found]
        # Only a step that looked at nothing was the last one: each looks at one, however large.
        return FoundMessages(found, rows[-1][0] if rows else "")

    def delayed(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[Delayed]:
        if limit < 1:
            return []
        rows = self._store.run("delayed", offset, limit, _list(queues))
        return [Delayed(due, read_envelope(*message)) for due, *message in rows]

    def rate_limited(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[RateLimited]:
        if limit < 1:
            return []
        rows = self._store.run("rate_limited", self._store.now, offset, limit, _list(queues))
        return [RateLimited(row[0], _permit(*row[1:6]), read_envelope(*row[6:])) for row in rows]

    def rate_limited_pages(
        self, queues: Collection[str] | None = None
    ) -> Iterator[list[RateLimited]]:
        last: tuple[Any, ...] = _BEFORE_ALL
        before = 0
        while rows := self._store.run("rate_limited_after", self._store.now, LIMITED_PAGE, *last):
            page: list[RateLimited] = []
            for row in rows:
                task, _, _, key, interval, burst, full, now, queue, priority, body = row
                before = before + 1 if task == last[0] else 0
                last = row[:4]
                if queues is None or queue in queues:
                    permit = _permit(before, interval, burst, full, now)
                    page.append(
                        RateLimited(task, permit, read_envelope(key, queue, priority, body))
                    )
            yield page
            if len(rows) < LIMITED_PAGE:
                return

    def claimed(self, worker: str, offset: int, limit: int) -> list[Envelope]:
        if limit < 1:
            return []
        rows = self._store.run("claimed", worker, offset, limit)
        return [read_envelope(*row) for row in rows]


def read_envelope(key: str, queue: str, priority: int, body: bytes) -> Envelope:
    """Return a stored message; its task id is the first line of its key."""
    return Envelope(key.partition("\n")[0], queue, priority, body)


def _permit(before: int, interval: int, burst: int, full: int, now: int) -> int:
    return permit_moment(Rate(interval, burst), full, before, now)


def _list(names: Collection[str] | None) -> list[str] | None:
    return None if names is None else list(names)
