"""Inspection of the in-memory engine."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence

from taskhub.engine.memory.rate_limiter import MemoryRateLimiter
from taskhub.engine.memory.state import MemoryState
from taskhub.engine.port.inspection import (
    DeadLetter,
    Delayed,
    FoundMessages,
    Inspection,
    Obstacle,
    PausedQueue,
    QueueCounts,
    RateLimited,
    Stored,
)
from taskhub.engine.positions import ready_at
from taskhub.message import HIGHEST_PRIORITY, Envelope


class MemoryInspection(Inspection):
    """Reads under the engine's lock."""

    _state: MemoryState
    _changed: threading.Condition
    _clock: Callable[[], int]
    _rate_limiter: MemoryRateLimiter

    def queues(self) -> dict[str, QueueCounts]:
        with self._changed:
            state, delayed = self._state, self.count_delayed()
            limited = self.count_rate_limited()
            return {
                name: QueueCounts(
                    len(state.ready[name]), delayed.get(name, 0), limited.get(name, 0)
                )
                for name in sorted(state.queues)
            }

    def count_queues(self) -> dict[str, int]:
        return {name: counts.ready for name, counts in self.queues().items()}

    def count_delayed(self) -> dict[str, int]:
        with self._changed:
            return dict(Counter(due.queue for due in self._state.delayed))

    def count_rate_limited(self) -> dict[str, int]:
        with self._changed:
            return dict(self._rate_limiter.waiting_by_queue())

    def paused_queues(self) -> dict[str, PausedQueue]:
        with self._changed:
            return dict(sorted(self._state.paused.items()))

    def unfinished(self, queue: str) -> int:
        with self._changed:
            return sum(message.queue == queue for message in self._state.messages.values())

    def waiting(self, queue: str, offset: int, limit: int) -> list[Envelope]:
        with self._changed:
            page = self._state.ready[queue][offset : offset + limit]
            return [self._state.messages[position.key] for position in page]

    def waiting_pages(self, pages: Sequence[tuple[str, int, int]]) -> list[list[Envelope]]:
        with self._changed:
            return [self.waiting(*page) for page in pages]

    def oldest(self, queue: str) -> list[Envelope]:
        with self._changed:
            heads: dict[int, str] = {}
            for position in self._state.ready[queue]:
                heads.setdefault(position.rank, position.key)
            return [self._state.messages[key] for key in heads.values()]

    def longest_waits(self, queues: Sequence[str]) -> dict[str, int]:
        with self._changed:
            now, found = self._clock(), {}
            for name in queues:
                sequences = [position.sequence for position in self._state.ready[name]]
                moment = ready_at(min(sequences)) if sequences else None
                if moment is not None:
                    found[name] = max(0, now - moment)
            return found

    def count_ready(self, queue: str) -> dict[int, int]:
        with self._changed:
            ranks = Counter(position.rank for position in self._state.ready[queue])
            return {HIGHEST_PRIORITY - rank: ranks[rank] for rank in sorted(ranks)}

    def stored(self, keys: Sequence[str]) -> list[Stored | None]:
        with self._changed:
            state = self._state
            due = {each.key: each.at for each in state.delayed}
            permits = {key: permit for _, permit, key in self._rate_limiter.entries()}
            found: list[Stored | None] = []
            for key in keys:
                envelope = state.messages.get(key)
                if envelope is None:
                    found.append(None)
                    continue
                ready = [each.key for each in state.ready[envelope.queue]]
                position = ready.index(key) if key in ready else None
                found.append(Stored(key, envelope, position, due.get(key), permits.get(key)))
            return found

    def find_keys(self, beginning: str, cursor: str = "") -> FoundMessages:
        with self._changed:
            return FoundMessages([k for k in self._state.messages if k.startswith(beginning)], "")

    def find_messages(self, texts: Sequence[str], cursor: str = "") -> FoundMessages:
        with self._changed:
            found = [
                key
                for key, envelope in self._state.messages.items()
                if any(text.encode() in envelope.record() for text in texts)
            ]
            return FoundMessages(found, "")

    def delayed(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[Delayed]:
        with self._changed:
            wanted = [due for due in self._state.delayed if queues is None or due.queue in queues]
            page = wanted[offset : offset + limit]
            return [Delayed(due.at, self._state.messages[due.key]) for due in page]

    def rate_limited(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[RateLimited]:
        with self._changed:
            messages = self._state.messages
            found = [
                RateLimited(task, permit, messages[key])
                for task, permit, key in self._rate_limiter.entries()
                if queues is None or messages[key].queue in queues
            ]
            return found[offset : offset + max(0, limit)]

    def rate_limited_pages(
        self, queues: Collection[str] | None = None
    ) -> Iterator[list[RateLimited]]:
        found = self.rate_limited(0, sys.maxsize, queues)
        for first in range(0, len(found), 500):
            yield found[first : first + 500]

    def claimed(self, worker: str, offset: int, limit: int) -> list[Envelope]:
        with self._changed:
            keys = sorted(self._state.claims.get(worker, ()))
            return [self._state.messages[key] for key in keys[offset : offset + limit]]

    def dead_letters(self, offset: int, limit: int) -> list[DeadLetter]:
        with self._changed:
            found = sorted(self._state.dead.values(), key=lambda dead: (dead.expires, dead.key))
            return found[offset : offset + limit]

    def dead_letter(self, key: str) -> DeadLetter | None:
        with self._changed:
            return self._state.dead.get(key)

    def dead_keys(self, offset: int, limit: int) -> list[tuple[str, int]]:
        return [(letter.key, letter.expires) for letter in self.dead_letters(offset, limit)]

    def dead_letters_of(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        with self._changed:
            return [self._state.dead.get(key) for key in keys]

    def dead_count(self) -> int:
        with self._changed:
            return len(self._state.dead)

    def revoked(self, offset: int, limit: int) -> list[str]:
        with self._changed:
            now = self._clock()
            entries = sorted((until, key) for key, until in self._state.revoked.items())
            remembered = [key for until, key in entries if until > now]
            return remembered[offset : offset + limit]

    def revoked_stamps(self) -> list[tuple[str, str]]:
        with self._changed:
            now = self._clock()
            return [stamp for stamp, until in self._state.revoked_stamps.items() if until > now]

    def workers(self) -> dict[str, int]:
        with self._changed:
            now = self._clock()
            return {worker: until - now for worker, until in self._state.workers.items()}

    def worker_infos(self) -> dict[str, bytes]:
        with self._changed:
            alive = [worker for worker, left in self.workers().items() if left > 0]
            worker_infos = self._state.worker_infos
            return {worker: worker_infos[worker] for worker in alive if worker in worker_infos}

    def held(self, worker: str) -> dict[str, str]:
        with self._changed:
            claims = self._state.claims.get(worker, {})
            return {key: claim.token for key, claim in claims.items()}

    def obstacles(self, queues: Sequence[str] = ()) -> list[Obstacle]:
        return []

    def format_obstacle(self) -> Obstacle | None:
        return None

    def ping(self) -> str:
        return "memory"
