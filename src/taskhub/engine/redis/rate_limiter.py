"""Rate limits in the store: a bucket for each task, and what waits for its tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from taskhub.engine.port.rate_limiter import (
    BucketState,
    PermitRequest,
    Permits,
    Rate,
    RateLimiter,
    bucket_state,
    permit_moment,
)
from taskhub.engine.redis.connection_pool import ChannelPool

#: Waiting messages per call, when they are counted, listed or dropped.
PAGE = 1000


class RedisRateLimiter(RateLimiter):
    """The scripts share `rate_limiter.lua`.

    Args:
        channels: returns the channels of this process.
        now: returns the present in ms, "" for that of the server's clock.
    """

    def __init__(
        self, namespace: str, channels: Callable[[], ChannelPool], now: Callable[[], str]
    ) -> None:
        self._namespace = namespace
        self._channels = channels
        self._now = now

    def acquire_permits(self, worker: str, requests: Sequence[PermitRequest]) -> Permits:
        arguments: list[Any] = [self._now(), worker]
        for request in requests:
            arguments += (request.key, request.token, request.task, *request.rate)
        now, at, *granted = self._channels().run(
            "acquire_permits", self._namespace, arguments, retry=None
        )
        return Permits([flag == 1 for flag in granted], None if at == b"" else max(0, at - now))

    def set_rate(self, task: str, rate: Rate) -> None:
        self._channels().run("set_rate", self._namespace, (self._now(), task, *rate))

    def waiting(self) -> dict[str, int]:
        return dict(self._count(1))

    def waiting_by_queue(self) -> Counter[str]:
        """Return how many messages wait for permits, by queue."""
        return self._count(0)

    def entry_pages(self, queues: Collection[str] | None) -> Iterator[list[tuple[str, int, bytes]]]:
        """Yield pages of the messages that wait: tasks, when each gets its permit, keys.

        Args:
            queues: Those whose messages are wanted; None: all.
        """
        tasks = self._channels().call([("ZRANGE", f"{self._namespace}:next_permits", 0, -1)])[0]
        for task in sorted(tasks):
            name = task.decode(errors="backslashreplace")
            ((rate, full),), now = self._read_buckets([name])
            for page in self._waiting_keys(name, queues):
                yield [(name, permit_moment(rate, full, index, now), key) for index, key in page]

    def permits_of(self, keys: Sequence[str | bytes], entries: Sequence[bytes]) -> list[int | None]:
        """Return when messages get their permits; None: one has got it meanwhile.

        Args:
            keys: Their keys.
            entries: Where they are, as `{ns}:rate_limited` has it.
        """
        tasks = [_task_of(entry) for entry in entries]
        names = (f"{self._namespace}:rate_limited:{task}" for task in tasks)
        commands = [("ZRANK", name, key) for name, key in zip(names, keys, strict=True)]
        indexes = self._channels().call(commands)
        unique = list(dict.fromkeys(tasks))
        buckets, now = self._read_buckets(unique)
        found = dict(zip(unique, buckets, strict=True))
        return [
            None if index is None else permit_moment(*found[task], index, now)
            for task, index in zip(tasks, indexes, strict=True)
        ]

    def bucket_states(self, tasks: Sequence[str]) -> list[BucketState | None]:
        buckets, now = self._read_buckets(tasks)
        return [bucket_state(rate, full, now) for rate, full in buckets]

    def _read_buckets(self, tasks: Sequence[str]) -> tuple[list[tuple[Rate, int]], int]:
        """Return each task's rate, and when its bucket is full again, microseconds; the present."""
        names = (f"{self._namespace}:bucket:{task}" for task in tasks)
        fields = [("HMGET", name, "interval", "burst", "full") for name in names]
        *found, time = self._channels().call([*fields, ("TIME",)])
        now = int(self._now() or int(time[0]) * 1000 + int(time[1]) // 1000)
        buckets = [
            (Rate(int(interval or 0), int(burst or 1)), int(full or 0))
            for interval, burst, full in found
        ]
        return buckets, now

    def _waiting_keys(
        self, task: str, queues: Collection[str] | None
    ) -> Iterator[list[tuple[int, bytes]]]:
        """Yield which messages of a task wait in some queues, each with its index among all.

        In pages, which are empty where messages of other queues stand.
        """
        ns, first = self._namespace, 0
        while True:
            command = ("ZRANGE", f"{ns}:rate_limited:{task}", first, first + PAGE - 1)
            keys = self._channels().call([command])[0]
            if keys:
                where = self._channels().call([("HMGET", f"{ns}:rate_limited", *keys)])[0]
                yield [
                    (index, key)
                    for index, (key, entry) in enumerate(zip(keys, where, strict=True), first)
                    # One that got its permit meanwhile waits no longer.
                    if entry is not None and (queues is None or _queue_of(entry) in queues)
                ]
            if len(keys) < PAGE:
                return
            first += PAGE

    def _count(self, part: int) -> Counter[str]:
        """Count by a part of where they are: queue, task."""
        counts: Counter[str] = Counter()
        cursor = b"0"
        while True:
            command = ("HSCAN", f"{self._namespace}:rate_limited", cursor, "COUNT", PAGE)
            cursor, page = self._channels().call([command])[0]
            counts.update(where.decode().split("\n", 1)[part] for where in page[1::2])
            if cursor == b"0":
                return counts

    def purge(self, queue: str) -> int:
        """Drop the messages of a queue that wait for permits; return how many."""
        dropped, cursor = 0, b"0"
        while cursor:
            arguments = (self._now(), queue, PAGE, cursor)
            count, cursor = self._channels().run("purge_rate_limited", self._namespace, arguments)
            dropped += count
        return dropped

    def store_limit(self, task: str, limit: str | None) -> None:
        name = f"{self._namespace}:limits"
        command = ("HDEL", name, task) if limit is None else ("HSET", name, task, limit)
        self._channels().call([command])

    def stored_limits(self) -> dict[str, str]:
        (found,) = self._channels().call([("HGETALL", f"{self._namespace}:limits")])
        texts = [text.decode() for text in found]
        return dict(zip(texts[::2], texts[1::2], strict=True))


def _queue_of(entry: bytes) -> str:
    """Return the queue of a message that waits."""
    return entry.partition(b"\n")[0].decode(errors="backslashreplace")


def _task_of(entry: bytes) -> str:
    """Return the task of a message that waits."""
    return entry.partition(b"\n")[2].decode(errors="backslashreplace")
