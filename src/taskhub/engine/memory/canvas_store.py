"""Chords and chains of the in-memory engine, as the port shows them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from taskhub.engine.memory.chords import Chains, Chords
from taskhub.engine.port.canvas_store import CanvasStore


class MemoryCanvasStore(CanvasStore):
    """Works under the engine's lock."""

    _changed: threading.Condition
    _clock: Callable[[], int]
    _chords: Chords
    _chains: Chains

    def fail_chord(self, chord_id: str, failure: str) -> bool:
        with self._changed:
            self._changed.notify_all()
            return self._chords.fail(chord_id, failure, self._clock())

    def reap_chords(self) -> list[str]:
        with self._changed:
            self._changed.notify_all()
            return self._chords.reap(self._clock())

    def chord_parts(self, chord_id: str) -> list[bytes] | None:
        with self._changed:
            return self._chords.parts(chord_id)

    def chain_links(self, chain_id: str, start: int, count: int) -> list[bytes]:
        with self._changed:
            return list(self._chains.links(chain_id, start, count))
