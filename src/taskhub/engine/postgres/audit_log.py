"""The audit log: who changed what, and when."""

from __future__ import annotations

from taskhub.engine.port.audit_log import AuditEntry, AuditLog
from taskhub.engine.postgres.store import PostgresStore


class PostgresAuditLog(AuditLog):
    """The audit log: who changed what, and when."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def append(self, entry: AuditEntry) -> None:
        raise NotImplementedError

    def entries(self, offset: int, limit: int) -> list[AuditEntry]:
        raise NotImplementedError

    def count(self) -> int:
        raise NotImplementedError
