"""Events, and counts by the minute."""

from __future__ import annotations

from collections.abc import Sequence

from taskhub.engine.port.monitoring import EventReader, Monitoring
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.store import PostgresStore


class PostgresMonitoring(Monitoring):
    """Works on the engine's store."""

    rules: EngineRules
    _store: PostgresStore

    def append_events(self, events: Sequence[str]) -> None:
        raise NotImplementedError

    def read_events(self, after: str | None = None) -> EventReader:
        raise NotImplementedError

    def current_minute(self) -> int:
        raise NotImplementedError

    def counts(self, minutes: Sequence[int]) -> list[dict[str, int]]:
        raise NotImplementedError

    def failures(self, minutes: Sequence[int]) -> list[dict[str, str]]:
        raise NotImplementedError
