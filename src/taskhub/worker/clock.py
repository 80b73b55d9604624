"""A logical clock (Lamport): numbers that order what several processes tell each other."""

from __future__ import annotations

import threading


class LamportClock:
    """Goes forward with every message sent, and beyond that of every message received; any thread may use it."""

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
