"""Waiting for work of the in-memory engine."""

from __future__ import annotations

import threading

from taskhub.engine.memory.state import MemoryState
from taskhub.engine.port.notifier import Notifier, Topic


class MemoryNotifier(Notifier):
    """Waits on the engine's condition until one of some topics has a notification."""

    def __init__(
        self, changed: threading.Condition, state: MemoryState, topics: tuple[Topic, ...]
    ) -> None:
        self._changed = changed
        self._state = state
        self._topics = topics
        self._interrupted = False

    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        with self._changed:
            self._changed.wait_for(
                lambda: self._interrupted or (listen and self._is_notified()), timeout
            )
            if listen and self.poll():
                return True
            self._interrupted = False
            return False

    def _is_notified(self) -> bool:
        return not self._state.notifications.isdisjoint(self._topics)

    def poll(self) -> bool:
        with self._changed:
            for topic in self._topics:
                if topic in self._state.notifications:
                    self._state.notifications.discard(topic)
                    return True
            return False

    def interrupt(self) -> None:
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def close(self) -> None:
        self.interrupt()
