"""Periodic jobs within one process."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from taskhub.engine.memory_state import MemoryState
from taskhub.engine.timetable import (
    AHEAD,
    MOST_BEHIND,
    NOTES,
    LastRun,
    Leadership,
    StoredEntries,
    Tick,
    TickFate,
    Ticks,
    Timetable,
)


@dataclass
class _Run:
    tick: int
    task_id: str = ""
    at: int = 0
    sent: int = 0
    skipped: int = 0


class MemoryTimetable(Timetable):
    """Shares the engine's condition, state and clock; the twin of `lead.lua`, `tick.lua` and `change_entry.lua`."""

    def __init__(
        self,
        name: str,
        changed: threading.Condition,
        state: MemoryState,
        clock: Callable[[], int],
    ) -> None:
        super().__init__(name)
        self._changed = changed
        self._state = state
        self._clock = clock
        self._holder = ""
        self._token = 0
        self._until = 0
        self._version = 0
        self._entries: dict[str, bytes] = {}
        self._notes: deque[bytes] = deque(maxlen=NOTES)
        self._runs: dict[str, _Run] = {}
        self._behind: dict[str, deque[Tick]] = defaultdict(deque)

    # -- leading

    def lead(self, holder: str, token: int, lease: int) -> Leadership:
        with self._changed:
            now = self._clock()
            own = self._holder == holder and self._token == token and self._until > 0
            # A lease that ends later than any lease can was given before the clock was put back.
            free = self._until <= now or self._until > now + 2 * lease
            if not own and not free:
                return Leadership(0, self._holder, now, self._version)
            if not own:
                self._token += 1
            self._holder, self._until = holder, now + lease
            for entry, waiting in self._behind.items():
                if waiting and not self._is_unfinished(self._runs[entry]):
                    self._send(self._runs[entry], waiting.popleft())
            self._changed.notify_all()
            return Leadership(self._token, holder, now, self._version)

    def resign(self, token: int) -> bool:
        with self._changed:
            if self._token != token:
                return False
            self._until = 0
            self._ring(self.standby_bell)
            return True

    def leader(self) -> tuple[str, int] | None:
        with self._changed:
            left = self._until - self._clock()
            return (self._holder, left) if left > 0 else None

    # -- ticks

    def tick(self, token: int, tick: Tick) -> TickFate:
        with self._changed:
            now = self._clock()
            if tick.at is not None and (self._token != token or self._until <= now):
                return "fenced"
            known = self._runs.get(tick.entry)
            if known is not None and tick.at is not None and known.tick >= tick.at:
                put_back = tick.at <= now and known.tick > now + AHEAD
                if not put_back:
                    return "done"
            run = self._runs.setdefault(tick.entry, _Run(now))
            if tick.at is not None:
                run.tick = tick.at
            if not tick.messages:
                return "passed"
            behind = self._behind[tick.entry]
            if tick.overlap != "allow" and (behind or self._is_unfinished(run)):
                if tick.overlap == "queue" and len(behind) < MOST_BEHIND:
                    behind.append(tick)
                    return "behind"
                run.skipped += 1
                return "skipped"
            self._send(run, tick)
            self._changed.notify_all()
            return "sent"

    def _send(self, run: _Run, tick: Tick) -> None:
        now = self._clock()
        run.task_id, run.at, run.sent = tick.task_id, now, run.sent + 1
        for envelope in tick.messages:
            self._state.publish(envelope, now)

    def _is_unfinished(self, run: _Run) -> bool:
        return run.task_id in self._state.messages

    def last_runs(self) -> dict[str, LastRun]:
        with self._changed:
            return {
                entry: LastRun(
                    run.tick,
                    run.task_id,
                    run.at,
                    run.sent,
                    run.skipped,
                    self._is_unfinished(run),
                    len(self._behind[entry]),
                )
                for entry, run in self._runs.items()
            }

    # -- entries

    def entries(self) -> StoredEntries:
        with self._changed:
            return StoredEntries(self._version, dict(self._entries))

    def change(
        self,
        entry: str,
        before: bytes | None,
        after: bytes | None,
        note: bytes,
        *,
        ticks: Ticks = "keep",
    ) -> bool:
        with self._changed:
            if self._entries.get(entry) != before:
                return False
            if after is None:
                self._entries.pop(entry, None)
            else:
                self._entries[entry] = after
            run = self._runs.get(entry)
            if ticks == "restart" and run is not None:
                run.tick = max(run.tick, self._clock())
            elif ticks == "forget":
                self._runs.pop(entry, None)
                self._behind.pop(entry, None)
            self._version += 1
            self._notes.appendleft(note)
            self._ring(self.leader_bell)
            return True

    def notes(self, offset: int, limit: int) -> list[bytes]:
        with self._changed:
            return list(self._notes)[offset : offset + limit]

    def _ring(self, bell: str) -> None:
        self._state.bells.add(bell)
        self._changed.notify_all()
