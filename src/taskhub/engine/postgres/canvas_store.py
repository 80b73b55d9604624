"""Chords and chains."""

from __future__ import annotations

from taskhub.engine.port.canvas_store import CanvasStore
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.postgres.store import PostgresStore


class PostgresCanvasStore(CanvasStore):
    """Works on the engine's store."""

    rules: EngineRules
    _store: PostgresStore

    def fail_chord(self, chord_id: str, failure: str) -> bool:
        raise NotImplementedError

    def reap_chords(self) -> list[str]:
        raise NotImplementedError

    def chord_parts(self, chord_id: str) -> list[bytes] | None:
        raise NotImplementedError

    def chain_links(self, chain_id: str, start: int, count: int) -> list[bytes]:
        raise NotImplementedError
