"""Waiting for the in-memory engine: its bells, and those who follow its results."""

from __future__ import annotations

import threading

from taskhub.engine.memory_state import MemoryState
from taskhub.engine.port import Bell, DocumentCallback, Subscription


class MemoryBell(Bell):
    """Waits on the engine's condition until one of some queues has work."""

    def __init__(
        self, changed: threading.Condition, state: MemoryState, queues: tuple[str, ...]
    ) -> None:
        self._changed = changed
        self._state = state
        self._queues = queues
        self._woken = False

    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._woken or (listen and self._rings()), timeout)
            if listen and (ringing := self._rings()):
                self._state.bells.discard(ringing)
                return True
            self._woken = False
            return False

    def _rings(self) -> str | None:
        """Return the first queue whose bell rings."""
        return next((queue for queue in self._queues if queue in self._state.bells), None)

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def close(self) -> None:
        self.wake()


class MemorySubscription(Subscription):
    """Some callbacks among the engine's followers."""

    def __init__(
        self,
        lock: threading.Condition,
        followers: dict[str, list[DocumentCallback]],
        task_ids: list[str],
        callback: DocumentCallback,
    ) -> None:
        self._lock = lock
        self._followers = followers
        self._task_ids = task_ids
        self._callback = callback

    def close(self) -> None:
        with self._lock:
            task_ids, self._task_ids = self._task_ids, []
            for task_id in task_ids:
                callbacks = self._followers.get(task_id, [])
                if self._callback in callbacks:
                    callbacks.remove(self._callback)
                if not callbacks:
                    self._followers.pop(task_id, None)
