"""Locks within one process."""

from __future__ import annotations

import threading

from taskhub.engine.locks import Locks
from taskhub.engine.memory_state import MemoryState


class MemoryLocks(Locks):
    """Shares the engine's condition and state; the twin of `hold.lua` and `let_go.lua`."""

    def __init__(self, changed: threading.Condition, state: MemoryState) -> None:
        self._changed = changed
        self._state = state
        self._holders: dict[str, str] = {}

    def hold(self, name: str, task_id: str) -> str:
        with self._changed:
            if self._holders.get(name) not in self._state.messages:
                self._holders[name] = task_id
            return self._holders[name]

    def let_go(self, name: str, task_id: str) -> bool:
        with self._changed:
            if self._holders.get(name) != task_id:
                return False
            del self._holders[name]
            return True

    def held(self) -> dict[str, str]:
        with self._changed:
            stored = self._state.messages
            return {name: holder for name, holder in self._holders.items() if holder in stored}
