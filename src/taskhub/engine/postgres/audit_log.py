"""The audit log in the database: a table, the oldest rows of which are dropped."""

from __future__ import annotations

from taskhub.engine.port.audit_log import MAX_ENTRIES, AuditEntry, AuditLog
from taskhub.engine.postgres.store import PostgresStore


class PostgresAuditLog(AuditLog):
    """Entries are numbered in the order in which they were appended.

    Args:
        store: The database.
    """

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def append(self, entry: AuditEntry) -> None:
        subject = (entry.who, entry.action, entry.target, entry.affected, entry.details)
        # Not repeated when its reply is lost: an entry that is there twice is wrong.
        self._store.run("append_audit", self._store.now, *subject, MAX_ENTRIES, retry=None)

    def entries(self, offset: int, limit: int) -> list[AuditEntry]:
        if limit < 1:
            return []
        return [AuditEntry(*row) for row in self._store.run("audit_entries", offset, limit)]

    def count(self) -> int:
        return int(self._store.run_one("count_audit"))
