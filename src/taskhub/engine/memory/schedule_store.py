"""Periodic jobs within one process."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from taskhub.engine.memory.audit_log import MemoryAuditLog
from taskhub.engine.memory.state import MemoryState
from taskhub.engine.port.audit_log import AuditEntry
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
    RunResult,
    ScheduleStore,
    StoredEntries,
)


@dataclass
class _Run:
    fire: int
    task_id: str = ""
    at: int = 0
    sent: int = 0
    skipped: int = 0
    queued: list[Fire] = field(default_factory=list)


class MemoryScheduleStore(ScheduleStore):
    """Shares the engine's condition, state, audit log and clock."""

    def __init__(
        self,
        name: str,
        changed: threading.Condition,
        state: MemoryState,
        audit_log: MemoryAuditLog,
        clock: Callable[[], int],
    ) -> None:
        super().__init__(name)
        self._changed = changed
        self._state = state
        self._audit_log = audit_log
        self._clock = clock
        self._holder = ""
        self._token = 0
        self._until = 0
        self._version = 0
        self._entries: dict[str, bytes] = {}
        self._runs: dict[str, _Run] = {}
        #: The latest first.
        self._history: dict[str, deque[PeriodicRun]] = defaultdict(lambda: deque(maxlen=HISTORY))

    # -- leading

    def lead(self, holder: str, token: int, lease: int) -> Leadership:
        with self._changed:
            now = self._clock()
            own = self._holder == holder and self._token == token and self._until > 0
            # A lease that ends later than any lease can was given before the clock was set back.
            free = self._until <= now or self._until > now + 2 * lease
            if not own and not free:
                return Leadership(0, self._holder, now, self._version)
            if not own:
                self._token += 1
            self._holder, self._until = holder, now + lease
            for run in self._runs.values():
                if run.queued and not self._is_unfinished(run):
                    fire = run.queued.pop(0)
                    self._send(run, fire)
                    self._change_run(
                        fire.entry, fire.task_id, lambda one: one._replace(result="sent", at=now)
                    )
            self._changed.notify_all()
            return Leadership(self._token, holder, now, self._version)

    def resign(self, token: int) -> bool:
        with self._changed:
            if self._token != token:
                return False
            self._until = 0
            self._state.notifications.add(self.standby_topic)
            self._changed.notify_all()
            return True

    def leader(self) -> tuple[str, int] | None:
        with self._changed:
            left = self._until - self._clock()
            return (self._holder, left) if left > 0 else None

    # -- fire times and runs

    def fire(self, token: int, fire: Fire) -> FireResult:
        with self._changed:
            now = self._clock()
            if fire.at is not None and (self._token != token or self._until <= now):
                return "fenced"
            known = self._runs.get(fire.entry)
            if known is not None and fire.at is not None and known.fire >= fire.at:
                clock_moved_back = fire.at <= now and known.fire > now + AHEAD
                if not clock_moved_back:
                    return "duplicate"
            run = self._runs.setdefault(fire.entry, _Run(now))
            if fire.at is not None:
                run.fire = fire.at
            if not fire.messages:
                return "recorded"
            result = self._deal(run, fire)
            self._history[fire.entry].appendleft(PeriodicRun(fire.at, result, now, fire.task_id))
            self._changed.notify_all()
            return result

    def _deal(self, run: _Run, fire: Fire) -> RunResult:
        if fire.overlap != "allow" and (run.queued or self._is_unfinished(run)):
            if fire.overlap == "queue" and len(run.queued) < MAX_QUEUED:
                run.queued.append(fire)
                return "queued"
            run.skipped += 1
            return "skipped"
        self._send(run, fire)
        return "sent"

    def _send(self, run: _Run, fire: Fire) -> None:
        now = self._clock()
        run.task_id, run.at, run.sent = fire.task_id, now, run.sent + 1
        for envelope in fire.messages:
            self._state.publish(envelope, now)

    def _is_unfinished(self, run: _Run) -> bool:
        return run.task_id in self._state.messages

    def last_runs(self) -> dict[str, LastRun]:
        with self._changed:
            return {
                entry: LastRun(
                    run.fire,
                    run.task_id,
                    run.at,
                    run.sent,
                    run.skipped,
                    self._is_unfinished(run),
                    len(run.queued),
                )
                for entry, run in self._runs.items()
            }

    def run_history(self, entry: str) -> list[PeriodicRun]:
        with self._changed:
            return list(self._history.get(entry, ()))

    def record_outcome(self, entry: str, task_id: str, outcome: RunOutcome) -> bool:
        with self._changed:
            return self._change_run(entry, task_id, lambda run: run._replace(outcome=outcome))

    def _change_run(
        self, entry: str, task_id: str, change: Callable[[PeriodicRun], PeriodicRun]
    ) -> bool:
        """Replace a run in the history; False: it is not there."""
        history = self._history[entry]
        for index, run in enumerate(history):
            if run.task_id == task_id:
                history[index] = change(run)
                return True
        return False

    # -- entries

    def entries(self) -> StoredEntries:
        with self._changed:
            return StoredEntries(self._version, dict(self._entries))

    def change(
        self,
        entry: str,
        before: bytes | None,
        after: bytes | None,
        audit: AuditEntry,
        *,
        fires: FireHistory = "keep",
    ) -> bool:
        with self._changed:
            if self._entries.get(entry) != before:
                return False
            if after is None:
                self._entries.pop(entry, None)
            else:
                self._entries[entry] = after
            run = self._runs.get(entry)
            if fires == "restart" and run is not None:
                run.fire = max(run.fire, self._clock())
            elif fires == "forget":
                self._runs.pop(entry, None)
                self._history.pop(entry, None)
            self._version += 1
            self._audit_log.append(audit)
            self._state.notifications.add(self.leader_topic)
            self._changed.notify_all()
            return True
