"""What can be seen of the in-memory engine without changing it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection

from taskhub.engine.looking import DeadLetter, Delayed, Looking, QueueCounts
from taskhub.engine.memory_state import MemoryState
from taskhub.engine.memory_throttle import MemoryThrottle
from taskhub.engine.places import BAND
from taskhub.message import Envelope


class MemoryLooking(Looking):
    """Reads under the engine's lock."""

    _state: MemoryState
    _changed: threading.Condition
    _clock: Callable[[], int]
    _throttle: MemoryThrottle

    def queues(self) -> dict[str, QueueCounts]:
        with self._changed:
            state = self._state
            delayed = Counter(queue for _, queue, _, _ in state.delayed)
            delayed += self._throttle.waiting_by_queue()
            return {
                name: QueueCounts(len(state.ready[name]), delayed[name])
                for name in sorted(state.queues)
            }

    def waiting(self, queue: str, offset: int, limit: int) -> list[Envelope]:
        with self._changed:
            page = self._state.ready[queue][offset : offset + limit]
            return [self._state.messages[key] for _, key in page]

    def oldest(self, queue: str) -> list[Envelope]:
        with self._changed:
            heads: dict[int, str] = {}
            for score, key in self._state.ready[queue]:
                heads.setdefault(score // BAND, key)
            return [self._state.messages[key] for key in heads.values()]

    def delayed(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[Delayed]:
        with self._changed:
            wanted = [
                (due, key)
                for due, queue, _, key in self._state.delayed
                if queues is None or queue in queues
            ]
            page = wanted[offset : offset + limit]
            return [Delayed(due, self._state.messages[key]) for due, key in page]

    def claimed(self, worker: str, offset: int, limit: int) -> list[Envelope]:
        with self._changed:
            keys = sorted(self._state.claims.get(worker, ()))
            return [self._state.messages[key] for key in keys[offset : offset + limit]]

    def dead_letters(self, offset: int, limit: int) -> list[DeadLetter]:
        with self._changed:
            letters = sorted(self._state.dead.values(), key=lambda dead: (dead.expires, dead.key))
            return letters[offset : offset + limit]

    def dead_letter(self, key: str) -> DeadLetter | None:
        with self._changed:
            return self._state.dead.get(key)

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

    def cards(self) -> dict[str, bytes]:
        with self._changed:
            alive = [worker for worker, left in self.workers().items() if left > 0]
            cards = self._state.cards
            return {worker: cards[worker] for worker in alive if worker in cards}

    def held(self, worker: str) -> dict[str, str]:
        with self._changed:
            return dict(self._state.claims.get(worker, {}))

    def ping(self) -> str:
        return "memory"
