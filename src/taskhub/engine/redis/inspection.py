"""What can be seen of the store without changing it."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Collection
from typing import Any

from taskhub.engine.looking import DeadLetter, Delayed, Looking, QueueCounts
from taskhub.engine.redis.pool import ChannelPool
from taskhub.engine.redis.throttle import RedisThrottle
from taskhub.message import (
    HIGHEST_PRIORITY,
    LOWEST_PRIORITY,
    Envelope,
    envelope_from_record,
)

#: Delayed messages counted, or passed over, per call.
SCAN_PAGE = 1000
#: A priority's band of scores, as in the scripts.
BAND = 2**49


class RedisLooking(Looking):
    """Reads with plain commands, which may be repeated."""

    _namespace: str

    @abstractmethod
    def _channels(self) -> ChannelPool:
        """Return the channels of this process."""

    @abstractmethod
    def _now(self) -> str:
        """Return the present in ms, "" for that of the server's clock."""

    def _call(self, *commands: tuple[Any, ...]) -> list[Any]:
        return self._channels().call(commands)

    def queues(self) -> dict[str, QueueCounts]:
        """Counting the delayed takes time in proportion to their number."""
        ns = self._namespace
        names = sorted(name.decode() for name in self._call(("SMEMBERS", f"{ns}:queues"))[0])
        if not names:
            return {}
        ready = self._call(*(("ZCARD", f"{ns}:queue:{name}") for name in names))
        delayed = dict.fromkeys(names, 0)
        cursor = b"0"
        while True:
            cursor, members = self._call(("ZSCAN", f"{ns}:delayed", cursor, "COUNT", SCAN_PAGE))[0]
            for member in members[::2]:
                name = _queue_of(member)
                delayed[name] = delayed.get(name, 0) + 1
            if cursor == b"0":
                break
        throttle = RedisThrottle(ns, self._channels, self._now)
        for name, count in throttle.waiting_by_queue().items():
            delayed[name] = delayed.get(name, 0) + count
        return {
            name: QueueCounts(count, delayed[name])
            for name, count in zip(names, ready, strict=True)
        }

    def _records(self, keys: list[bytes]) -> list[bytes | None]:
        if not keys:
            return []
        found: list[bytes | None] = self._call(("HMGET", f"{self._namespace}:messages", *keys))[0]
        return found

    def _envelopes(self, keys: list[bytes]) -> list[Envelope]:
        # A message may be taken between the two reads: it is then no longer there.
        return [
            envelope_from_record(record) for record in self._records(keys) if record is not None
        ]

    def waiting(self, queue: str, offset: int, limit: int) -> list[Envelope]:
        if limit < 1:
            return []
        name = f"{self._namespace}:queue:{queue}"
        return self._envelopes(self._call(("ZRANGE", name, offset, offset + limit - 1))[0])

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
        records = self._records([member.split(b"\n", 2)[2] for member, _ in entries])
        return [
            Delayed(due, envelope_from_record(record))
            for (_, due), record in zip(entries, records, strict=True)
            if record is not None
        ]

    def _delayed_members(
        self, offset: int, limit: int, queues: Collection[str] | None
    ) -> list[tuple[bytes, int]]:
        """Return a page of the entries: member, and when it is due."""
        name = f"{self._namespace}:delayed"
        if queues is None:
            return _scored(
                self._call(("ZRANGE", name, offset, offset + limit - 1, "WITHSCORES"))[0]
            )
        found: list[tuple[bytes, int]] = []
        start = 0
        while len(found) < offset + limit:
            command = ("ZRANGE", name, start, start + SCAN_PAGE - 1, "WITHSCORES")
            page = _scored(self._call(command)[0])
            found += [entry for entry in page if _queue_of(entry[0]) in queues]
            if len(page) < SCAN_PAGE:
                break
            start += SCAN_PAGE
        return found[offset : offset + limit]

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
        entries = _scored(self._call(command)[0])
        if not entries:
            return []
        stored = self._call(("HMGET", f"{ns}:dead:messages", *(key for key, _ in entries)))[0]
        return [
            _letter(key.decode(), text, expires)
            for (key, expires), text in zip(entries, stored, strict=True)
            if text is not None
        ]

    def dead_letter(self, key: str) -> DeadLetter | None:
        ns = self._namespace
        expires, text = self._call(
            ("ZSCORE", f"{ns}:dead", key), ("HGET", f"{ns}:dead:messages", key)
        )
        if expires is None or text is None:
            return None
        return _letter(key, text, int(float(expires)))

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
        return {worker.decode(): deadline - present for worker, deadline in _scored(reply)}

    def cards(self) -> dict[str, bytes]:
        names = [name for name, left in self.workers().items() if left > 0]
        if not names:
            return {}
        found = self._call(("MGET", *(f"{self._namespace}:worker:{name}" for name in names)))[0]
        return {name: card for name, card in zip(names, found, strict=True) if card is not None}

    def held(self, worker: str) -> dict[str, str]:
        reply: list[Any] = self._call(("HGETALL", f"{self._namespace}:claims:{worker}"))[0]
        return {
            key.decode(): token.decode() for key, token in zip(reply[::2], reply[1::2], strict=True)
        }

    def ping(self) -> str:
        text: bytes = self._call(("INFO", "server"))[0]
        fields = dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)
        if "valkey_version" in fields:
            return f"Valkey {fields['valkey_version']}"
        return f"Redis {fields.get('redis_version', '(unknown version)')}"


def chord_parts(pool: ChannelPool, namespace: str, chord_id: str) -> list[bytes] | None:
    """Return the parts of a complete chord, in order."""
    chord = f"{namespace}:chord:{chord_id}"
    size, done = pool.call([("HMGET", chord, "size", "done")])[0]
    if size is None or int(done) < int(size):
        return None
    names = [f"part:{index}" for index in range(int(size))]
    return list(pool.call([("HMGET", chord, *names)])[0]) if names else []


def milliseconds(time: Any) -> int:
    """Return the reply to `TIME` in milliseconds."""
    return int(time[0]) * 1000 + int(time[1]) // 1000


def _queue_of(member: bytes) -> str:
    """Return the queue of an entry among the delayed."""
    return member.partition(b"\n")[0].decode()


def _scored(reply: list[bytes]) -> list[tuple[bytes, int]]:
    """Return members with their scores."""
    return [
        (member, int(float(score))) for member, score in zip(reply[::2], reply[1::2], strict=True)
    ]


def _letter(key: str, text: bytes, expires: int) -> DeadLetter:
    reason, _, record = text.partition(b"\n")
    envelope = envelope_from_record(record) if record else None
    return DeadLetter(key, reason.decode(), envelope, expires)
