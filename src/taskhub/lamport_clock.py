"""A logical clock (Lamport): numbers that order the messages of several processes."""

from __future__ import annotations

import threading


class LamportClock:
    """Counts messages sent, and moves past the clock of each received one; thread-safe."""

    def __init__(self, value: int = 0) -> None:
        self.value = value
        self._lock = threading.Lock()

    def forward(self) -> int:
        """Go one step on; returns the new value."""
        with self._lock:
            self.value += 1
            return self.value

    def adjust(self, other: int) -> int:
        """Go beyond the value that a message carried; returns the new one."""
        with self._lock:
            self.value = max(self.value, other) + 1
            return self.value
