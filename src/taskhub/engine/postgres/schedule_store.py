"""Periodic jobs in the database: entries, last runs, histories, who leads the schedulers."""

from __future__ import annotations

from taskhub.engine.port.audit_log import MAX_ENTRIES, AuditEntry
from taskhub.engine.port.schedule_store import (
    AHEAD,
    HISTORY,
    MAX_QUEUED,
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
from taskhub.engine.postgres.arguments import message_columns
from taskhub.engine.postgres.connection import Row
from taskhub.engine.postgres.connection_pool import STEADY
from taskhub.engine.postgres.notifier import topic_name
from taskhub.engine.postgres.store import PostgresStore


class PostgresScheduleStore(ScheduleStore):
    """Verbs that change anything but outcomes lock the row of the app.

    Args:
        name: The app's.
        store: The database.
    """

    def __init__(self, name: str, store: PostgresStore) -> None:
        super().__init__(name)
        self._store = store

    # -- leading

    def lead(self, holder: str, token: int, lease: int) -> Leadership:
        # Not repeated when its reply is lost: the leader calls again soon anyway.
        arguments = (self._store.now, self.name, holder, token, lease)
        ((given, leader, now, version, grown),) = self._store.run("lead", *arguments, retry=None)
        self._store.announce(grown)
        return Leadership(given, leader, now, version)

    def resign(self, token: int) -> bool:
        if not self._store.run("resign", self.name, token):
            return False
        self._store.announce([topic_name(self.standby_topic)])
        return True

    def leader(self) -> tuple[str, int] | None:
        for holder, left in self._store.run("leader", self._store.now, self.name):
            return holder, left
        return None

    # -- fire times and runs

    def fire(self, token: int, fire: Fire) -> FireResult:
        ((result, grown),) = self._store.run(
            *("fire", self._store.now, self.name, token, fire.entry, fire.at, AHEAD),
            *(fire.overlap, MAX_QUEUED, HISTORY, fire.task_id, *message_columns(fire.messages)),
            # A fire time is known again by its time; what is out of turn would be sent twice.
            retry=STEADY if fire.at is not None else None,
        )
        self._store.announce(grown)
        found: FireResult = result
        return found

    def last_runs(self) -> dict[str, LastRun]:
        rows = self._store.run("last_runs", self.name)
        return {entry: LastRun(*fields) for entry, *fields in rows}

    def run_history(self, entry: str) -> list[PeriodicRun]:
        return [_read_run(row) for row in self._store.run("run_history", self.name, entry, HISTORY)]

    def record_outcome(self, entry: str, task_id: str, outcome: RunOutcome) -> bool:
        return bool(self._store.run("record_outcome", self.name, entry, task_id, *outcome))

    # -- entries

    def entries(self) -> StoredEntries:
        ((version, names, documents),) = self._store.run("schedule_entries", self.name)
        return StoredEntries(version, dict(zip(names, documents, strict=True)))

    def change(
        self,
        entry: str,
        before: bytes | None,
        after: bytes | None,
        audit: AuditEntry,
        *,
        fires: FireHistory = "keep",
    ) -> bool:
        audited = (audit.who, audit.action, audit.target, audit.affected, audit.details)
        arguments = (self._store.now, self.name, entry, before, after, fires, *audited, MAX_ENTRIES)
        # Not repeated when its reply is lost: the second time the first one would be in the way.
        ((is_changed,),) = self._store.run("change_entry", *arguments, retry=None)
        if is_changed:
            self._store.announce([topic_name(self.leader_topic)])
        return bool(is_changed)


def _read_run(row: Row) -> PeriodicRun:
    fire, result, at, task_id, state, started_at, took, error = row
    outcome = None if state is None else RunOutcome(state, started_at, took, error)
    return PeriodicRun(fire, result, at, task_id, outcome)
