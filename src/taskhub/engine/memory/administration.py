"""Administration of the in-memory engine: revoked tasks, dead letters, paused queues."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence

from taskhub.engine.memory.history import MemoryHistory
from taskhub.engine.memory.rate_limiter import MemoryRateLimiter
from taskhub.engine.memory.state import MemoryState
from taskhub.engine.port.administration import Administration, QueueUse
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.inspection import PausedQueue
from taskhub.engine.port.rules import EngineRules


class MemoryAdministration(Administration):
    """Works under the engine's lock."""

    rules: EngineRules
    _state: MemoryState
    _changed: threading.Condition
    _clock: Callable[[], int]
    _rate_limiter: MemoryRateLimiter
    _history: MemoryHistory

    def revoke(self, revoker: str, task_ids: Sequence[str], remember: int) -> list[Claim]:
        with self._changed:
            state, now = self._state, self._clock()
            claims = []
            for task_id in task_ids:
                state.revoked[task_id] = now + remember
                position = state.withdraw(task_id) or self._rate_limiter.withdraw(task_id)
                if position is not None:
                    claims.append(state.hold(revoker, position, revoked=True, now=None))
            if claims:
                state.workers[revoker] = now + self.rules.lease
            return claims

    def revoke_stamps(self, stamps: Sequence[tuple[str, str]], remember: int) -> None:
        with self._changed:
            until = self._clock() + remember
            self._state.revoked_stamps.update(dict.fromkeys(stamps, until))

    def retry_dead_letters(self, keys: Sequence[str]) -> list[str]:
        with self._changed:
            retried = []
            for key in keys:
                found = self._state.dead.get(key)
                if found is not None and found.envelope is not None:
                    del self._state.dead[key]
                    self._history.remove(found.envelope.task_id)
                    self._state.publish(found.envelope, self._clock())
                    retried.append(key)
            self._changed.notify_all()
            return retried

    def delete_dead_letters(self, keys: Sequence[str]) -> list[str]:
        with self._changed:
            return [key for key in keys if self._state.dead.pop(key, None) is not None]

    def purge(self, queue: str, *, delayed: bool = True) -> int:
        with self._changed:
            state = self._state
            keys = [position.key for position in state.ready.pop(queue, [])]
            if delayed:
                keys += [due.key for due in state.delayed if due.queue == queue]
                state.delayed = [due for due in state.delayed if due.queue != queue]
            for key in keys:
                state.forget(key)
            return len(keys) + (self._rate_limiter.purge(queue) if delayed else 0)

    def pause_queue(self, queue: str, by: str = "", reason: str = "") -> bool:
        with self._changed:
            if queue in self._state.paused:
                return False
            self._state.paused[queue] = PausedQueue(self._clock(), by, reason)
            return True

    def resume_queue(self, queue: str) -> bool:
        with self._changed:
            if self._state.paused.pop(queue, None) is None:
                return False
            if self._state.ready[queue]:
                self._state.notifications.add(queue)
                self._changed.notify_all()
            return True

    def forget_queue(self, queue: str) -> QueueUse | None:
        with self._changed:
            state = self._state
            use = self._queue_use(queue)
            if use is None:
                state.queues.discard(queue)
                state.paused.pop(queue, None)
                state.notifications.discard(queue)
            return use

    def _queue_use(self, queue: str) -> QueueUse | None:
        state = self._state
        limited = self._rate_limiter.waiting_by_queue()
        claims = (claim for held in state.claims.values() for claim in held.values())
        uses: dict[QueueUse, bool] = {
            "ready": bool(state.ready[queue]),
            "served": self._is_served(queue),
            "claimed": any(claim.queue == queue for claim in claims),
            "delayed": any(due.queue == queue for due in state.delayed),
            "rate_limited": limited[queue] > 0,
        }
        return next((use for use, applies in uses.items() if applies), None)

    def _is_served(self, queue: str) -> bool:
        now = self._clock()
        for worker, until in self._state.workers.items():
            text = self._state.worker_infos.get(worker)
            if until > now and text is not None and queue in _queues_of(text):
                return True
        return False


def _queues_of(worker_info: bytes) -> Sequence[str]:
    """Return the queues that a worker serves; none if its worker info cannot be read."""
    try:
        return list(json.loads(worker_info)["queues"])
    except (KeyError, TypeError, ValueError):
        return ()
