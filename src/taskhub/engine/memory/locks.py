"""Locks within one process."""

from __future__ import annotations

import threading

from taskhub.engine.memory.state import MemoryState
from taskhub.engine.port.locks import Locks


class MemoryLocks(Locks):
    """Shares the engine's condition and state."""

    def __init__(self, changed: threading.Condition, state: MemoryState) -> None:
        self._changed = changed
        self._state = state
        self._holders: dict[str, str] = {}

    def acquire_lock(self, name: str, task_id: str) -> str:
        with self._changed:
            if self._holders.get(name) not in self._state.messages:
                self._holders[name] = task_id
            return self._holders[name]

    def release_lock(self, name: str, task_id: str) -> bool:
        with self._changed:
            if self._holders.get(name) != task_id:
                return False
            del self._holders[name]
            return True

    def held(self) -> dict[str, str]:
        with self._changed:
            stored = self._state.messages
            return {name: holder for name, holder in self._holders.items() if holder in stored}
