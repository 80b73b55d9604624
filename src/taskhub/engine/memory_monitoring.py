"""The events and counts of the in-memory engine."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import dropwhile
from typing import TypeVar

from taskhub.engine.memory_state import MemoryState
from taskhub.engine.monitoring import Event, Events, Monitoring
from taskhub.engine.rules import EngineRules
from taskhub.statistics.failures import MOST, failure_of
from taskhub.statistics.tally import fields_of

T = TypeVar("T")


class MemoryMonitoring(Monitoring):
    """Works under the engine's lock."""

    rules: EngineRules
    _state: MemoryState
    _changed: threading.Condition
    _clock: Callable[[], int]

    def tell(self, events: Sequence[str]) -> None:
        with self._changed:
            self._append(events)
            self._changed.notify_all()

    def _append(self, events: Iterable[str]) -> None:
        state = self._state
        for text in events:
            state.events_told += 1
            state.events.append(Event(f"{self._clock()}-{state.events_told}", text.encode()))
        del state.events[: -self.rules.events_kept or None]

    def events(self, after: str | None = None) -> Events:
        with self._changed:
            if after is None:
                told = self._state.events
                after = told[-1].place if told else "0-0"
            return _MemoryEvents(self._changed, self._state, after)

    def _count(self, tally: str) -> None:
        minute, expires = self.minute(), self._clock() + self.rules.statistics_ttl
        counts, _ = self._state.counts.get(minute, (Counter(), 0))
        counts.update(fields_of(tally))
        self._state.counts[minute] = (counts, expires)
        failure = failure_of(tally)
        if failure is None:
            return
        field, example = failure
        kept, _ = self._state.failures.get(minute, ({}, 0))
        if field in kept or len(kept) < 2 * MOST:
            kept[field] = str(int(kept.get(field, 0)) + 1)
            kept[f"{field}\n"] = example
            self._state.failures[minute] = (kept, expires)

    def minute(self) -> int:
        return self._clock() // 60_000

    def counts(self, minutes: Sequence[int]) -> list[dict[str, int]]:
        with self._changed:
            kept = self._state.counts = _unexpired(self._state.counts, self._clock())
            return [dict(kept[minute][0]) if minute in kept else {} for minute in minutes]

    def failures(self, minutes: Sequence[int]) -> list[dict[str, str]]:
        with self._changed:
            kept = self._state.failures = _unexpired(self._state.failures, self._clock())
            return [dict(kept[minute][0]) if minute in kept else {} for minute in minutes]


def _unexpired(kept: Mapping[int, tuple[T, int]], now: int) -> dict[int, tuple[T, int]]:
    return {minute: entry for minute, entry in kept.items() if entry[1] > now}


class _MemoryEvents(Events):
    def __init__(self, changed: threading.Condition, state: MemoryState, after: str) -> None:
        self._changed = changed
        self._state = state
        self._after = _number(after)

    def read(self, timeout: float) -> list[Event]:
        with self._changed:
            self._changed.wait_for(self._next, timeout)
            found = self._next()
        if found:
            self._after = _number(found[-1].place)
        return found

    def _next(self) -> list[Event]:
        return list(
            dropwhile(lambda event: _number(event.place) <= self._after, self._state.events)
        )

    def close(self) -> None:
        """Nothing is held."""


def _number(place: str) -> int:
    return int(place.partition("-")[2])
