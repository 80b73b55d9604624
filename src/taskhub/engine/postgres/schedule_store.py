"""Periodic jobs."""

from __future__ import annotations

from taskhub.engine.port.audit_log import AuditEntry
from taskhub.engine.port.schedule_store import (
    Fire,
    FireHistory,
    FireResult,
    LastRun,
    Leadership,
    PeriodicRun,
    RunOutcome,
    ScheduleStore,
    StoredEntries,
)
from taskhub.engine.postgres.store import PostgresStore


class PostgresScheduleStore(ScheduleStore):
    """Periodic jobs."""

    def __init__(self, name: str, store: PostgresStore) -> None:
        super().__init__(name)
        self._store = store

    def lead(self, holder: str, token: int, lease: int) -> Leadership:
        raise NotImplementedError

    def resign(self, token: int) -> bool:
        raise NotImplementedError

    def leader(self) -> tuple[str, int] | None:
        raise NotImplementedError

    def fire(self, token: int, fire: Fire) -> FireResult:
        raise NotImplementedError

    def last_runs(self) -> dict[str, LastRun]:
        raise NotImplementedError

    def run_history(self, entry: str) -> list[PeriodicRun]:
        raise NotImplementedError

    def record_outcome(self, entry: str, task_id: str, outcome: RunOutcome) -> bool:
        raise NotImplementedError

    def entries(self) -> StoredEntries:
        raise NotImplementedError

    def change(
        self,
        entry: str,
        before: bytes | None,
        after: bytes | None,
        audit: AuditEntry,
        *,
        fires: FireHistory = "keep",
    ) -> bool:
        raise NotImplementedError
