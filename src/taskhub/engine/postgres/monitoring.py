"""Events and counts of the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from taskhub.engine.port.monitoring import FROM_BEGINNING, Event, EventReader, Monitoring
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.channel_watch import ChannelWatch
from taskhub.engine.postgres.store import PostgresStore

#: Events per read.
EVENTS_PAGE: Final = 500


class PostgresMonitoring(Monitoring):
    """Appends and reads; what a completion brings is written by its commit."""

    rules: EngineRules
    _store: PostgresStore

    def append_events(self, events: Sequence[str]) -> None:
        if events:
            now, kept = self._store.now, self.rules.events_kept
            # A reply that is lost may mean that they were appended: twice is worse than not at all.
            self._store.run("append_events", now, list(events), kept, retry=None)

    def read_events(self, after: str | None = None) -> EventReader:
        if after is None:
            number = int(self._store.run_one("last_event"))
        else:
            number = 0 if after == FROM_BEGINNING else int(after)
        return _PostgresEventReader(self._store, number)

    def current_minute(self) -> int:
        return int(self._store.run_one("clock", self._store.now)) // 60_000

    def counts(self, minutes: Sequence[int]) -> list[dict[str, int]]:
        found: dict[int, dict[str, int]] = {minute: {} for minute in minutes}
        for minute, field, times in self._store.run("read_counts", self._store.now, list(minutes)):
            found[minute][field] = times
        return [dict(found[minute]) for minute in minutes]

    def failures(self, minutes: Sequence[int]) -> list[dict[str, str]]:
        found: dict[int, dict[str, str]] = {minute: {} for minute in minutes}
        rows = self._store.run("read_failures", self._store.now, list(minutes))
        for minute, field, times, example in rows:
            found[minute][field] = str(times)
            found[minute][f"{field}\n"] = example
        return [dict(found[minute]) for minute in minutes]


class _PostgresEventReader(EventReader):
    """Reads on behind the last event whenever some were appended."""

    def __init__(self, store: PostgresStore, after: int) -> None:
        self._store = store
        self._after = after
        self._watch = ChannelWatch(store, "events")

    def read(self, timeout: float) -> list[Event]:
        return self._watch.read(timeout, self._read)

    def _read(self) -> list[Event]:
        rows = self._store.run("read_events", self._after, EVENTS_PAGE)
        if rows:
            self._after = rows[-1][0]
        if len(rows) == EVENTS_PAGE:
            self._watch.note_news()
        return [Event(str(number), text.encode()) for number, text in rows]

    def close(self) -> None:
        self._watch.close()
