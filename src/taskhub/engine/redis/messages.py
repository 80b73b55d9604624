"""Stored messages that have not ended: found by key and by text, and how long they wait."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

from taskhub.engine.port.inspection import FoundMessages, Inspection, Stored
from taskhub.engine.positions import ready_at
from taskhub.engine.redis.arguments import wire_key
from taskhub.engine.redis.claims import read_keys
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.engine.redis.rate_limiter import RedisRateLimiter
from taskhub.engine.redis.scores import BAND
from taskhub.message import HIGHEST_PRIORITY, LOWEST_PRIORITY, Envelope, envelope_from_record

#: Queues, and messages, that one script looks at: it holds the server for about a millisecond.
QUEUES_PAGE: Final = 100
SEARCH_PAGE: Final = 500
SEARCH_BYTES: Final = 256 * 1024
KEYS_PAGE: Final = 2000
#: What stands for others in a pattern of the server.
NO_PATTERN: Final = re.compile(r"[\\*?\[\]^]")


class RedisMessages(Inspection):
    """Reads in steps that hold the server for about a millisecond each."""

    _namespace: str

    @abstractmethod
    def _channels(self) -> ChannelPool:
        """Return the channels of this process."""

    @abstractmethod
    def _now(self) -> str:
        """Return the present in ms, "" for that of the server's clock."""

    def _call(self, *commands: tuple[Any, ...]) -> list[Any]:
        return self._channels().call(commands)

    def longest_waits(self, queues: Sequence[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for first in range(0, len(queues), QUEUES_PAGE):
            page = queues[first : first + QUEUES_PAGE]
            now, *sequences = self._channels().run(
                "longest_waits", self._namespace, (self._now(), *page)
            )
            for name, sequence in zip(page, sequences, strict=True):
                moment = ready_at(int(sequence)) if sequence else None
                if moment is not None:
                    found[name] = max(0, now - moment)
        return found

    def count_ready(self, queue: str) -> dict[int, int]:
        name = f"{self._namespace}:queue:{queue}"
        bands = range(HIGHEST_PRIORITY - LOWEST_PRIORITY + 1)
        counts = self._call(
            *(("ZCOUNT", name, band * BAND, f"({(band + 1) * BAND}") for band in bands)
        )
        return {
            HIGHEST_PRIORITY - band: int(count)
            for band, count in zip(bands, counts, strict=True)
            if count
        }

    def stored(self, keys: Sequence[str]) -> list[Stored | None]:
        if not keys:
            return []
        ns, names = self._namespace, [wire_key(key) for key in keys]
        records, limited = self._call(
            ("HMGET", f"{ns}:messages", *names), ("HMGET", f"{ns}:rate_limited", *names)
        )
        envelopes = [read_stored(record) for record in records]
        commands: list[tuple[Any, ...]] = []
        for key, name, envelope in zip(keys, names, envelopes, strict=True):
            if envelope is not None:
                member = f"{envelope.queue}\n{envelope.priority}\n{key}"
                commands += (
                    ("ZRANK", f"{self._namespace}:queue:{envelope.queue}", name),
                    ("ZSCORE", f"{self._namespace}:delayed", wire_key(member)),
                )
        found = iter(self._call(*commands) if commands else ())
        permits = self._permits(
            {
                key: (name, entry)
                for key, name, entry in zip(keys, names, limited, strict=True)
                if entry is not None
            }
        )
        return [
            None
            if envelope is None
            else Stored(key, envelope, next(found), _due(next(found)), permits.get(key))
            for key, envelope in zip(keys, envelopes, strict=True)
        ]

    def _permits(self, limited: Mapping[str, tuple[str | bytes, bytes]]) -> dict[str, int | None]:
        """Return when messages that wait for permits get them.

        Args:
            limited: By key, the key as it is stored and where the message waits.
        """
        if not limited:
            return {}
        limiter = RedisRateLimiter(self._namespace, self._channels, self._now)
        names, entries = zip(*limited.values(), strict=True)
        return dict(zip(limited, limiter.permits_of(names, entries), strict=True))

    def find_keys(self, beginning: str, cursor: str = "") -> FoundMessages:
        pattern = wire_key(NO_PATTERN.sub(r"\\\g<0>", beginning) + "*")
        messages = f"{self._namespace}:messages"
        following, entries = self._call(
            ("HSCAN", messages, cursor or "0", "MATCH", pattern, "COUNT", KEYS_PAGE)
        )[0]
        return FoundMessages(read_keys(entries[::2]), _cursor(following))

    def find_messages(self, texts: Sequence[str], cursor: str = "") -> FoundMessages:
        start = (self._now(), cursor or "0", SEARCH_PAGE, SEARCH_BYTES)
        arguments = (*start, *map(wire_key, texts))
        following, *keys = self._channels().run("find_messages", self._namespace, arguments)
        return FoundMessages(read_keys(keys), _cursor(following))


def _cursor(following: bytes) -> str:
    return "" if following == b"0" else following.decode()


def _due(score: bytes | None) -> int | None:
    return None if score is None else int(float(score))


def read_stored(record: bytes | None) -> Envelope | None:
    """Return the message of a record; None: there is none, or something else wrote it."""
    if not record:
        return None
    try:
        return envelope_from_record(record)
    except ValueError:
        return None
