"""Events and counts of the store."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from taskhub.engine.port.monitoring import FROM_BEGINNING, Event, EventReader, Monitoring
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.redis.blocking_call import SERVER_WAIT, BlockingCall
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.engine.redis.connector import Connector
from taskhub.engine.redis.inspection import milliseconds

#: Events per read.
EVENTS_PAGE = 500
#: Minutes per round trip.
MINUTES_PAGE = 120
#: The id before the first of a stream.
_BEGINNING = "0-0"
#: The field of an entry that holds the event.
FIELD = "event"


class RedisMonitoring(Monitoring):
    """Appends and reads by commands; what a completion brings is written by `commit.lua`."""

    rules: EngineRules
    _broker: Connector
    _namespace: str

    @abstractmethod
    def _channels(self) -> ChannelPool: ...

    @abstractmethod
    def _now(self) -> str: ...

    @abstractmethod
    def _index_outcomes(self) -> None: ...

    def append_events(self, events: Sequence[str]) -> None:
        stream, kept = f"{self._namespace}:events", self.rules.events_kept
        commands = [("XADD", stream, "MAXLEN", "~", kept, "*", FIELD, text) for text in events]
        if commands:
            # A reply that is lost may mean that they were appended: twice is worse than not at all.
            self._channels().call(commands, retry=None)

    def read_events(self, after: str | None = None) -> EventReader:
        stream = f"{self._namespace}:events"
        if after is None:
            newest = self._channels().call([("XREVRANGE", stream, "+", "-", "COUNT", 1)])[0]
            after = newest[0][0].decode() if newest else FROM_BEGINNING
        return _RedisEventReader(self._broker, self._channels, stream, after or _BEGINNING)

    def current_minute(self) -> int:
        now = self._now()
        if now:
            return int(now) // 60_000
        return milliseconds(self._channels().call([("TIME",)])[0]) // 60_000

    def counts(self, minutes: Sequence[int]) -> list[dict[str, int]]:
        return [
            {name.decode(): int(count) for name, count in pairs}
            for pairs in self._by_minute("stats", minutes)
        ]

    def failures(self, minutes: Sequence[int]) -> list[dict[str, str]]:
        return [
            {name.decode(): value.decode() for name, value in pairs}
            for pairs in self._by_minute("failures", minutes)
        ]

    def _by_minute(
        self, kind: str, minutes: Sequence[int]
    ) -> Iterator[Iterator[tuple[bytes, bytes]]]:
        """Yield the fields and values that are kept of each minute."""
        if minutes:
            self._index_outcomes()
        for start in range(0, len(minutes), MINUTES_PAGE):
            page = minutes[start : start + MINUTES_PAGE]
            replies = self._channels().call(
                [("HGETALL", f"{self._namespace}:{kind}:{minute}") for minute in page]
            )
            yield from (zip(*[iter(reply)] * 2, strict=True) for reply in replies)


class _RedisEventReader(EventReader):
    def __init__(
        self,
        connector: Connector,
        channels: Callable[[], ChannelPool],
        stream: str,
        after: str,
    ) -> None:
        self._waiting = BlockingCall(connector, "events")
        self._channels = channels
        self._stream = stream
        self._after = after

    def read(self, timeout: float) -> list[Event]:
        deadline = time.monotonic() + timeout
        page = ("XREAD", "COUNT", EVENTS_PAGE)
        while True:
            stream = ("STREAMS", self._stream, self._after)
            if found := self._entries(self._channels().call([(*page, *stream)])[0]):
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                return []
            # One that was under way from an older place only wakes us.
            block = ("BLOCK", int(SERVER_WAIT * 1000))
            self._waiting.wait(left, (*page, *block, *stream))

    def _entries(self, reply: Any) -> list[Event]:
        # By RESP3 a mapping from streams, otherwise pairs.
        pairs = reply.items() if isinstance(reply, dict) else reply or ()
        found = [
            Event(number.decode(), fields[1]) for _, entries in pairs for number, fields in entries
        ]
        if found:
            self._after = found[-1].id
        return found

    def close(self) -> None:
        self._waiting.close()
