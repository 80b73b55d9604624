"""The audit log of the in-memory engine."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from taskhub.engine.port.audit_log import MAX_ENTRIES, AuditEntry, AuditLog


class MemoryAuditLog(AuditLog):
    """Shares the engine's condition and clock."""

    def __init__(self, changed: threading.Condition, clock: Callable[[], int]) -> None:
        self._changed = changed
        self._clock = clock
        self._entries: deque[AuditEntry] = deque(maxlen=MAX_ENTRIES)

    def append(self, entry: AuditEntry) -> None:
        with self._changed:
            self._entries.appendleft(entry._replace(at=self._clock()))

    def entries(self, offset: int, limit: int) -> list[AuditEntry]:
        with self._changed:
            return list(self._entries)[offset : offset + limit]

    def count(self) -> int:
        return len(self._entries)
