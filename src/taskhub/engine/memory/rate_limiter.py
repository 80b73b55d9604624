"""Rate limits within one process."""

from __future__ import annotations

import math
import threading
from bisect import insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from taskhub.engine.memory.state import MemoryState, Position
from taskhub.engine.port.rate_limiter import (
    AT_ONCE,
    PERMITS_AT_ONCE,
    REQUEST_AGAIN,
    BucketState,
    PermitRequest,
    Permits,
    Rate,
    RateLimiter,
    bucket_state,
    permit_moment,
)


@dataclass
class Bucket:
    """The tokens of one task, and what waits for them."""

    rate: Rate = AT_ONCE
    #: When it will be full again, microseconds since the epoch.
    full: int = 0
    waiting: list[Position] = field(default_factory=list)
    #: When the next of them gets a permit, ms; None: none waits.
    next_permit: int | None = None

    def tokens(self, now: int) -> int:
        """Return how many tasks may begin now."""
        interval, burst = self.rate
        if interval == 0:
            return PERMITS_AT_ONCE
        missing = math.ceil((self.full - now * 1000) / interval)
        return max(0, min(burst, burst - missing))

    def take_token(self, now: int) -> bool:
        """Take a token; return whether there was one."""
        if self.rate.interval == 0:
            return True
        if self.tokens(now) == 0:
            return False
        self.full = max(self.full, now * 1000) + self.rate.interval
        return True

    def set_permit(self, now: int) -> int | None:
        """Set when the next permit comes: with half the bucket, or enough for all that wait."""
        interval, burst = self.rate
        self.next_permit = None
        if self.waiting:
            wanted = max(1, min(len(self.waiting), burst // 2))
            microseconds = self.full - (burst - wanted) * interval
            self.next_permit = max(now, math.ceil(microseconds / 1000))
        return self.next_permit


class MemoryRateLimiter(RateLimiter):
    """Shares the engine's condition, state and clock."""

    def __init__(
        self, changed: threading.Condition, state: MemoryState, clock: Callable[[], int]
    ) -> None:
        self._changed = changed
        self._state = state
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}
        self._stored_limits: dict[str, str] = {}

    def acquire_permits(self, worker: str, requests: Sequence[PermitRequest]) -> Permits:
        with self._changed:
            now = self._clock()
            requested: dict[str, Bucket] = {}
            granted: list[bool] = []
            for request in requests:
                bucket = self._buckets.setdefault(request.task, Bucket())
                if request.task not in requested:
                    bucket.rate = request.rate
                    requested[request.task] = bucket
                granted.append(self._grant_or_wait(worker, request, bucket, now))
            moments = [
                at for bucket in requested.values() if (at := bucket.set_permit(now)) is not None
            ]
            self._changed.notify_all()
            return Permits(granted, min(moments) - now if moments else None)

    def _grant_or_wait(self, worker: str, request: PermitRequest, bucket: Bucket, now: int) -> bool:
        claim = self._state.held(worker, request.key, request.token)
        if claim is None:
            return False
        position = self._state.position(claim.key, claim.sequence)
        others_first = bool(bucket.waiting) and bucket.waiting[0][:2] < position[:2]
        if not others_first and bucket.take_token(now):
            return True
        del self._state.claims[worker][claim.key]
        insort(bucket.waiting, position)
        return False

    def set_rate(self, task: str, rate: Rate) -> None:
        with self._changed:
            now = self._clock()
            bucket = self._buckets.setdefault(task, Bucket())
            bucket.rate = rate
            # What was taken at the old rate is not paid for at the new one, but for the last token.
            bucket.full = min(bucket.full, now * 1000 + rate.interval)
            self._state.notifications.update(self._grant_permits(bucket, now))
            self._changed.notify_all()

    def grant_due_permits(self, now: int) -> set[str]:
        """Make messages ready again that get a permit now; return the queues that grew."""
        grown: set[str] = set()
        for _ in range(10):
            waiting = [one for one in self._buckets.values() if one.next_permit is not None]
            soonest = min(waiting, key=lambda bucket: bucket.next_permit or 0, default=None)
            if soonest is None or (soonest.next_permit or 0) > now:
                break
            grown |= self._grant_permits(soonest, now)
        return grown

    def _grant_permits(self, bucket: Bucket, now: int) -> set[str]:
        count = min(PERMITS_AT_ONCE, bucket.tokens(now))
        first, bucket.waiting = bucket.waiting[:count], bucket.waiting[count:]
        grown = {self._state.put_ready(position) for position in first}
        if bucket.set_permit(now) is not None and first and bucket.rate.interval > 0:
            bucket.next_permit = now + REQUEST_AGAIN
        return grown

    @property
    def next_permit(self) -> int | None:
        """When the next permit of any task comes, ms."""
        moments = [bucket.next_permit for bucket in self._buckets.values()]
        return min((at for at in moments if at is not None), default=None)

    def withdraw(self, key: str) -> Position | None:
        """Take a message out of those that wait; None: it does not wait here."""
        for bucket in self._buckets.values():
            for position in bucket.waiting:
                if position.key == key:
                    bucket.waiting.remove(position)
                    return position
        return None

    def waiting(self) -> dict[str, int]:
        with self._changed:
            return {
                task: len(bucket.waiting)
                for task, bucket in self._buckets.items()
                if bucket.waiting
            }

    def waiting_by_queue(self) -> Counter[str]:
        """Return how many messages wait for permits, by queue."""
        with self._changed:
            return Counter(self._state.messages[key].queue for key in self.keys())

    def entries(self) -> list[tuple[str, int, str]]:
        """Return the messages that wait: their tasks, when each gets its permit, their keys."""
        now = self._clock()
        return [
            (task, permit_moment(bucket.rate, bucket.full, index, now), position.key)
            for task, bucket in sorted(self._buckets.items())
            for index, position in enumerate(bucket.waiting)
        ]

    def keys(self) -> list[str]:
        """Return the keys of the messages that wait."""
        return [position.key for bucket in self._buckets.values() for position in bucket.waiting]

    def purge(self, queue: str) -> int:
        """Drop the messages of a queue that wait for permits; return how many."""
        with self._changed:
            keys = [key for key in self.keys() if self._state.messages[key].queue == queue]
            for key in keys:
                self.withdraw(key)
                self._state.forget(key)
            return len(keys)

    def bucket_states(self, tasks: Sequence[str]) -> list[BucketState | None]:
        with self._changed:
            now = self._clock()
            found = (self._buckets.get(task, Bucket()) for task in tasks)
            return [bucket_state(bucket.rate, bucket.full, now) for bucket in found]

    def store_limit(self, task: str, limit: str | None) -> None:
        with self._changed:
            if limit is None:
                self._stored_limits.pop(task, None)
            else:
                self._stored_limits[task] = limit

    def stored_limits(self) -> dict[str, str]:
        with self._changed:
            return dict(self._stored_limits)
