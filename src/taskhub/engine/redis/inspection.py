"""Inspection of the store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from taskhub.engine.port.inspection import (
    DeadLetter,
    Delayed,
    PausedQueue,
    QueueCounts,
    RateLimited,
)
from taskhub.engine.redis.arguments import wire_key
from taskhub.engine.redis.messages import RedisMessages, read_stored
from taskhub.engine.redis.rate_limiter import RedisRateLimiter
from taskhub.engine.redis.scores import BAND
from taskhub.exceptions import StoreRefused
from taskhub.message import (
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    Envelope,
)

#: Delayed messages counted, or passed over, per call.
SCAN_PAGE = 1000
#: Messages that wait for permits, read per call.
RECORDS_PAGE = 500


class RedisInspection(RedisMessages):
    """Reads with plain commands, which may be repeated."""

    def queues(self) -> dict[str, QueueCounts]:
        """Counting takes time in proportion to the number of delayed and rate-limited messages."""
        ready = self.count_queues()
        delayed, limited = self.count_delayed(), self.count_rate_limited()
        return {
            name: QueueCounts(count, delayed.get(name, 0), limited.get(name, 0))
            for name, count in ready.items()
        }

    def count_queues(self) -> dict[str, int]:
        ns = self._namespace
        stored = self._call(("SMEMBERS", f"{ns}:queues"))[0]
        names = sorted(name.decode(errors="backslashreplace") for name in stored)
        if not names:
            return {}
        counts = self._call(*(("ZCARD", f"{ns}:queue:{name}") for name in names))
        return dict(zip(names, counts, strict=True))

    def count_delayed(self) -> dict[str, int]:
        ns = self._namespace
        found: Counter[bytes] = Counter()
        cursor = b"0"
        while True:
            cursor, members = self._call(("ZSCAN", f"{ns}:delayed", cursor, "COUNT", SCAN_PAGE))[0]
            found.update(member.partition(b"\n")[0] for member in members[::2])
            if cursor == b"0":
                break
        return {name.decode(errors="backslashreplace"): count for name, count in found.items()}

    def count_rate_limited(self) -> dict[str, int]:
        limiter = RedisRateLimiter(self._namespace, self._channels, self._now)
        return dict(limiter.waiting_by_queue())

    def paused_queues(self) -> dict[str, PausedQueue]:
        reply = self._call(("HGETALL", f"{self._namespace}:paused"))[0]
        found = {}
        for name, text in zip(reply[::2], reply[1::2], strict=True):
            since, _, who = text.partition(b"\n")
            found[name.decode(errors="backslashreplace")] = PausedQueue(
                int(since), *json.loads(who)
            )
        return dict(sorted(found.items()))

    def unfinished(self, queue: str) -> int:
        arguments = (self._now(), queue)
        return int(self._channels().run("unfinished", self._namespace, arguments))

    def _records(self, keys: list[bytes]) -> list[bytes | None]:
        if not keys:
            return []
        found: list[bytes | None] = self._call(("HMGET", f"{self._namespace}:messages", *keys))[0]
        return found

    def _envelopes(self, keys: list[bytes]) -> list[Envelope]:
        # A message may be taken between the two reads: it is then no longer there.
        found = (read_stored(record) for record in self._records(keys))
        return [envelope for envelope in found if envelope is not None]

    def waiting(self, queue: str, offset: int, limit: int) -> list[Envelope]:
        return self.waiting_pages([(queue, offset, limit)])[0]

    def waiting_pages(self, pages: Sequence[tuple[str, int, int]]) -> list[list[Envelope]]:
        if not any(limit > 0 for _, _, limit in pages):
            return [[] for _ in pages]
        # Of a limit of 0 the range is empty, as it ends before it begins.
        found = self._call(
            *(
                ("ZRANGE", f"{self._namespace}:queue:{queue}", offset + 1, offset)
                if limit < 1
                else ("ZRANGE", f"{self._namespace}:queue:{queue}", offset, offset + limit - 1)
                for queue, offset, limit in pages
            )
        )
        records = iter(self._records([key for keys in found for key in keys]))
        read = [[read_stored(next(records)) for _ in keys] for keys in found]
        # A message may be taken between the two reads: it is then no longer there.
        return [[envelope for envelope in page if envelope is not None] for page in read]

    def oldest(self, queue: str) -> list[Envelope]:
        name = f"{self._namespace}:queue:{queue}"
        bands = range(HIGHEST_PRIORITY - LOWEST_PRIORITY + 1)
        heads = self._call(
            *(
                ("ZRANGEBYSCORE", name, band * BAND, f"({(band + 1) * BAND}", "LIMIT", 0, 1)
                for band in bands
            )
        )
        return self._envelopes([key for keys in heads for key in keys])

    def delayed(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[Delayed]:
        if limit < 1:
            return []
        entries = self._delayed_members(offset, limit, queues)
        # What has another form names no message; the next claim removes it.
        entries = [entry for entry in entries if entry[0].count(b"\n") >= 2]
        records = self._records([member.split(b"\n", 2)[2] for member, _ in entries])
        return [
            Delayed(due, envelope)
            for (_, due), record in zip(entries, records, strict=True)
            if (envelope := read_stored(record)) is not None
        ]

    def _delayed_members(
        self, offset: int, limit: int, queues: Collection[str] | None
    ) -> list[tuple[bytes, int]]:
        """Return a page of the entries: member, and when it is due."""
        name = f"{self._namespace}:delayed"
        if queues is None:
            return read_scored(
                self._call(("ZRANGE", name, offset, offset + limit - 1, "WITHSCORES"))[0]
            )
        found: list[tuple[bytes, int]] = []
        start = 0
        while len(found) < offset + limit:
            command = ("ZRANGE", name, start, start + SCAN_PAGE - 1, "WITHSCORES")
            page = read_scored(self._call(command)[0])
            found += [entry for entry in page if _queue_of(entry[0]) in queues]
            if len(page) < SCAN_PAGE:
                break
            start += SCAN_PAGE
        return found[offset : offset + limit]

    def rate_limited(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[RateLimited]:
        if limit < 1:
            return []
        limiter = RedisRateLimiter(self._namespace, self._channels, self._now)
        every = chain.from_iterable(limiter.entry_pages(queues))
        return self._read_rate_limited(list(islice(every, offset, offset + limit)))

    def rate_limited_pages(
        self, queues: Collection[str] | None = None
    ) -> Iterator[list[RateLimited]]:
        limiter = RedisRateLimiter(self._namespace, self._channels, self._now)
        for page in limiter.entry_pages(queues):
            for first in range(0, len(page) or 1, RECORDS_PAGE):
                yield self._read_rate_limited(page[first : first + RECORDS_PAGE])

    def _read_rate_limited(self, entries: Sequence[tuple[str, int, bytes]]) -> list[RateLimited]:
        """Return messages that wait, given as tasks, when each gets its permit, keys."""
        records = self._records([key for _, _, key in entries])
        return [
            RateLimited(task, permit, envelope)
            for (task, permit, _), record in zip(entries, records, strict=True)
            if (envelope := read_stored(record)) is not None
        ]

    def claimed(self, worker: str, offset: int, limit: int) -> list[Envelope]:
        if limit < 1:
            return []
        keys = sorted(self._call(("HKEYS", f"{self._namespace}:claims:{worker}"))[0])
        return self._envelopes(keys[offset : offset + limit])

    def dead_letters(self, offset: int, limit: int) -> list[DeadLetter]:
        if limit < 1:
            return []
        ns = self._namespace
        command = ("ZRANGE", f"{ns}:dead", offset, offset + limit - 1, "WITHSCORES")
        entries = read_scored(self._call(command)[0])
        if not entries:
            return []
        stored = self._call(("HMGET", f"{ns}:dead:messages", *(key for key, _ in entries)))[0]
        return [
            read_dead_letter(key.decode(errors="backslashreplace"), text, expires)
            for (key, expires), text in zip(entries, stored, strict=True)
            if text is not None
        ]

    def dead_letter(self, key: str) -> DeadLetter | None:
        return self.dead_letters_of([key])[0]

    def dead_keys(self, offset: int, limit: int) -> list[tuple[str, int]]:
        if limit < 1:
            return []
        command = ("ZRANGE", f"{self._namespace}:dead", offset, offset + limit - 1, "WITHSCORES")
        return [
            (key.decode(errors="backslashreplace"), expires)
            for key, expires in read_scored(self._call(command)[0])
        ]

    def dead_letters_of(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        if not keys:
            return []
        ns, names = self._namespace, [wire_key(key) for key in keys]
        texts, *expiries = self._call(
            ("HMGET", f"{ns}:dead:messages", *names),
            *(("ZSCORE", f"{ns}:dead", name) for name in names),
        )
        return [
            None
            if text is None or expires is None
            else read_dead_letter(key, text, int(float(expires)))
            for key, text, expires in zip(keys, texts, expiries, strict=True)
        ]

    def dead_count(self) -> int:
        return int(self._call(("ZCARD", f"{self._namespace}:dead"))[0])

    def revoked(self, offset: int, limit: int) -> list[str]:
        if limit < 1:
            return []
        return [key.decode() for key in self._unexpired("revoked", offset, limit)]

    def revoked_stamps(self) -> list[tuple[str, str]]:
        members = self._unexpired("revoked:stamps", 0, -1)
        return [(header, value) for header, value in map(json.loads, members)]

    def _unexpired(self, name: str, offset: int, limit: int) -> list[bytes]:
        """Return members of a sorted set whose time has not come."""
        name = f"{self._namespace}:{name}"
        after = f"({self._present()}"
        found: list[bytes] = self._call(
            ("ZRANGEBYSCORE", name, after, "+inf", "LIMIT", offset, limit)
        )[0]
        return found

    def _present(self) -> int:
        now = self._now()
        return int(now) if now else milliseconds(self._call(("TIME",))[0])

    def workers(self) -> dict[str, int]:
        reply, time = self._call(
            ("ZRANGE", f"{self._namespace}:workers", 0, -1, "WITHSCORES"), ("TIME",)
        )
        now = self._now()
        present = int(now) if now else milliseconds(time)
        return {worker.decode(): deadline - present for worker, deadline in read_scored(reply)}

    def worker_infos(self) -> dict[str, bytes]:
        names = [name for name, left in self.workers().items() if left > 0]
        if not names:
            return {}
        found = self._call(("MGET", *(f"{self._namespace}:worker:{name}" for name in names)))[0]
        return {
            name: worker_info
            for name, worker_info in zip(names, found, strict=True)
            if worker_info is not None
        }

    def held(self, worker: str) -> dict[str, str]:
        reply: list[Any] = self._call(("HGETALL", f"{self._namespace}:claims:{worker}"))[0]
        return {
            key.decode(errors="surrogateescape"): token.decode()
            for key, token in zip(reply[::2], reply[1::2], strict=True)
        }

    def ping(self) -> str:
        try:
            text: bytes = self._call(("INFO", "server"))[0]
        except StoreRefused as refusal:
            # Nobody needs to know its version.
            if not refusal.rights:
                raise
            self._call(("PING",))
            return "a server that may not be asked for its version"
        fields = dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)
        if "valkey_version" in fields:
            return f"Valkey {fields['valkey_version']}"
        return f"Redis {fields.get('redis_version', '(unknown version)')}"


def milliseconds(time: Any) -> int:
    """Return the reply to `TIME` in milliseconds."""
    return int(time[0]) * 1000 + int(time[1]) // 1000


def _queue_of(member: bytes) -> str:
    """Return the queue of an entry among the delayed."""
    return member.partition(b"\n")[0].decode(errors="backslashreplace")


def read_scored(reply: list[bytes]) -> list[tuple[bytes, int]]:
    """Return members with their scores."""
    return [
        (member, int(float(score))) for member, score in zip(reply[::2], reply[1::2], strict=True)
    ]


def read_dead_letter(key: str, text: bytes, expires: int) -> DeadLetter:
    """Read a dead letter: its reason, and its message on the next line."""
    reason, _, record = text.partition(b"\n")
    return DeadLetter(key, reason.decode(errors="backslashreplace"), read_stored(record), expires)
