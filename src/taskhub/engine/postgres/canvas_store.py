"""Chords, and the stored links of chains."""

from __future__ import annotations

from taskhub.engine.port.canvas_store import CanvasStore
from taskhub.engine.postgres.store import PostgresStore


class PostgresCanvasStore(CanvasStore):
    """Works on the engine's store."""

    _store: PostgresStore

    def fail_chord(self, chord_id: str, failure: str) -> bool:
        return bool(self._fail_chords(chord_id, failure))

    def reap_chords(self) -> list[str]:
        return self._fail_chords(None, "")

    def _fail_chords(self, chord_id: str | None, failure: str) -> list[str]:
        ((failed, grown),) = self._store.run("fail_chords", self._store.now, chord_id, failure)
        self._store.announce(grown)
        return list(failed)

    def chord_parts(self, chord_id: str) -> list[bytes] | None:
        rows = self._store.run("chord_parts", chord_id)
        if not rows:
            return None
        if rows[0][0]:
            return [(rows[0][1] or "").encode()]
        return [part.encode() for _, _, part in rows if part is not None]

    def chain_links(self, chain_id: str, start: int, count: int) -> list[bytes]:
        return [link.encode() for (link,) in self._store.run("chain_links", chain_id, start, count)]
