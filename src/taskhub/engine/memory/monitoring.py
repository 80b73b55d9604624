"""Events and counts of the in-memory engine."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from taskhub.engine.port.monitoring import FROM_BEGINNING, Event, EventReader, Monitoring
from taskhub.engine.port.rules import EngineRules
from taskhub.statistics.failures import MOST, failure_of
from taskhub.statistics.tally import fields_of

T = TypeVar("T")


class MemoryMonitoring(Monitoring):
    """Works under the engine's lock."""

    rules: EngineRules
    _changed: threading.Condition
    _clock: Callable[[], int]

    def __init__(self) -> None:
        super().__init__()
        self._events: list[Event] = []
        #: How many there ever were.
        self._appended = 0
        #: Minute since the epoch -> what was counted in it, and when that is forgotten.
        self._counts: dict[int, tuple[Counter[str], int]] = {}
        self._failures: dict[int, tuple[dict[str, str], int]] = {}

    def append_events(self, events: Sequence[str]) -> None:
        with self._changed:
            self._append(events)
            self._changed.notify_all()

    def _append(self, events: Iterable[str]) -> None:
        for text in events:
            self._appended += 1
            self._events.append(Event(str(self._appended), text.encode()))
        del self._events[: -self.rules.events_kept or None]

    def read_events(self, after: str | None = None) -> EventReader:
        with self._changed:
            last = self._appended if after is None else _number(after)
            return _MemoryEventReader(self._changed, self._events, last)

    def _count(self, tally: str) -> None:
        minute, expires = self.current_minute(), self._clock() + self.rules.statistics_ttl
        counts, _ = self._counts.get(minute, (Counter(), 0))
        counts.update(fields_of(tally))
        self._counts[minute] = (counts, expires)
        failure = failure_of(tally)
        if failure is None:
            return
        field, example = failure
        kept, _ = self._failures.get(minute, ({}, 0))
        if field in kept or len(kept) < 2 * MOST:
            kept[field] = str(int(kept.get(field, 0)) + 1)
            kept[f"{field}\n"] = example
            self._failures[minute] = (kept, expires)

    def current_minute(self) -> int:
        return self._clock() // 60_000

    def counts(self, minutes: Sequence[int]) -> list[dict[str, int]]:
        with self._changed:
            kept = self._counts = _unexpired(self._counts, self._clock())
            return [dict(kept[minute][0]) if minute in kept else {} for minute in minutes]

    def failures(self, minutes: Sequence[int]) -> list[dict[str, str]]:
        with self._changed:
            kept = self._failures = _unexpired(self._failures, self._clock())
            return [dict(kept[minute][0]) if minute in kept else {} for minute in minutes]


def _unexpired(kept: Mapping[int, tuple[T, int]], now: int) -> dict[int, tuple[T, int]]:
    return {minute: entry for minute, entry in kept.items() if entry[1] > now}


class _MemoryEventReader(EventReader):
    def __init__(self, changed: threading.Condition, events: list[Event], after: int) -> None:
        self._changed = changed
        self._events = events
        self._after = after

    def read(self, timeout: float) -> list[Event]:
        with self._changed:
            self._changed.wait_for(self._next, timeout)
            found = self._next()
        if found:
            self._after = _number(found[-1].id)
        return found

    def _next(self) -> list[Event]:
        return [event for event in self._events if _number(event.id) > self._after]

    def close(self) -> None:
        """Nothing is held."""


def _number(event_id: str) -> int:
    return 0 if event_id == FROM_BEGINNING else int(event_id)
