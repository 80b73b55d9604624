"""Rate limits within one process; the twin of `throttle.lua`."""

from __future__ import annotations

import math
import threading
from bisect import insort
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from taskhub.engine.memory_state import MemoryState
from taskhub.engine.throttle import (
    ASK_AGAIN,
    AT_ONCE,
    TURNS_AT_ONCE,
    Pace,
    Throttle,
    Turn,
    Turns,
)


@dataclass
class Bucket:
    """The tokens of one task, and what waits for them."""

    pace: Pace = AT_ONCE
    #: When it will be full again, microseconds since the epoch.
    full: int = 0
    #: Place and key of those that wait.
    places: list[tuple[int, str]] = field(default_factory=list)
    #: When the next of them gets its turn, ms; None: none waits.
    turn: int | None = None

    def tokens(self, now: int) -> int:
        """Return how many tasks may begin now."""
        interval, burst = self.pace
        if interval == 0:
            return TURNS_AT_ONCE
        missing = math.ceil((self.full - now * 1000) / interval)
        return max(0, min(burst, burst - missing))

    def take(self, now: int) -> bool:
        """Take a token; return whether there was one."""
        if self.pace.interval == 0:
            return True
        if self.tokens(now) == 0:
            return False
        self.full = max(self.full, now * 1000) + self.pace.interval
        return True

    def set_turn(self, now: int) -> int | None:
        """Note when the next turn comes: when half the bucket, or enough for all that wait, has come in."""
        interval, burst = self.pace
        self.turn = None
        if self.places:
            wanted = max(1, min(len(self.places), burst // 2))
            microseconds = self.full - (burst - wanted) * interval
            self.turn = max(now, math.ceil(microseconds / 1000))
        return self.turn


class MemoryThrottle(Throttle):
    """Shares the engine's condition, state and clock."""

    def __init__(
        self, changed: threading.Condition, state: MemoryState, clock: Callable[[], int]
    ) -> None:
        self._changed = changed
        self._state = state
        self._clock = clock
        self.buckets: dict[str, Bucket] = {}
        self._remembered: dict[str, str] = {}

    def take_turns(self, worker: str, turns: Sequence[Turn]) -> Turns:
        with self._changed:
            now = self._clock()
            asked: dict[str, Bucket] = {}
            granted: list[bool] = []
            for turn in turns:
                bucket = self.buckets.setdefault(turn.task, Bucket())
                if turn.task not in asked:
                    bucket.pace = turn.pace
                    asked[turn.task] = bucket
                granted.append(self._take_turn(worker, turn, bucket, now))
            moments = [at for bucket in asked.values() if (at := bucket.set_turn(now)) is not None]
            self._changed.notify_all()
            return Turns(granted, min(moments) - now if moments else None)

    def _take_turn(self, worker: str, turn: Turn, bucket: Bucket, now: int) -> bool:
        claims = self._state.claims[worker]
        if claims.get(turn.key) != turn.token:
            return False
        score = int(turn.token.partition(":")[2])
        ahead = bool(bucket.places) and bucket.places[0][0] < score
        if not ahead and bucket.take(now):
            return True
        del claims[turn.key]
        if turn.key in self._state.messages:
            insort(bucket.places, (score, turn.key))
        return False

    def set_pace(self, task: str, pace: Pace) -> None:
        with self._changed:
            now = self._clock()
            bucket = self.buckets.setdefault(task, Bucket())
            bucket.pace = pace
            # What was taken at the old pace is not paid for at the new one, but for the last token.
            bucket.full = min(bucket.full, now * 1000 + pace.interval)
            self._state.bells.update(self._give_turns(bucket, now))
            self._changed.notify_all()

    def give_due_turns(self, now: int) -> set[str]:
        """Make ready again whose turn it is; return the queues that got something."""
        rung: set[str] = set()
        for _ in range(10):
            waiting = [bucket for bucket in self.buckets.values() if bucket.turn is not None]
            soonest = min(waiting, key=lambda bucket: bucket.turn or 0, default=None)
            if soonest is None or (soonest.turn or 0) > now:
                break
            rung |= self._give_turns(soonest, now)
        return rung

    def _give_turns(self, bucket: Bucket, now: int) -> set[str]:
        count = min(TURNS_AT_ONCE, bucket.tokens(now))
        first, bucket.places = bucket.places[:count], bucket.places[count:]
        rung = set()
        for score, key in first:
            queue = self._state.messages[key].queue
            insort(self._state.ready[queue], (score, key))
            rung.add(queue)
        if bucket.set_turn(now) is not None and first and bucket.pace.interval > 0:
            bucket.turn = now + ASK_AGAIN
        return rung

    @property
    def next_turn(self) -> int | None:
        """When the next turn of any task comes, ms."""
        moments = [bucket.turn for bucket in self.buckets.values() if bucket.turn is not None]
        return min(moments, default=None)

    def withdraw(self, key: str) -> int | None:
        """Take a message out of those that wait; return its place, None if it does not wait here."""
        for bucket in self.buckets.values():
            for index, (score, waiting) in enumerate(bucket.places):
                if waiting == key:
                    del bucket.places[index]
                    return score
        return None

    def waiting(self) -> dict[str, int]:
        with self._changed:
            return {
                task: len(bucket.places) for task, bucket in self.buckets.items() if bucket.places
            }

    def waiting_by_queue(self) -> Counter[str]:
        """Return how many messages wait for their turns, by queue."""
        with self._changed:
            return Counter(self._state.messages[key].queue for key in self.keys())

    def keys(self) -> list[str]:
        """Return the keys of the messages that wait."""
        return [key for bucket in self.buckets.values() for _, key in bucket.places]

    def purge(self, queue: str) -> int:
        """Drop the messages of a queue that wait for their turns; return how many."""
        with self._changed:
            keys = [key for key in self.keys() if self._state.messages[key].queue == queue]
            for key in keys:
                self.withdraw(key)
                self._state.forget(key)
            return len(keys)

    def remember(self, task: str, limit: str | None) -> None:
        with self._changed:
            if limit is None:
                self._remembered.pop(task, None)
            else:
                self._remembered[task] = limit

    def remembered(self) -> dict[str, str]:
        with self._changed:
            return dict(self._remembered)
