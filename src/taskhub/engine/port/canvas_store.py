"""The part of the engine port that keeps chords and the stored links of chains.

They are begun, extended and ended by what is enqueued and committed (`taskhub.outcome`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod


class CanvasStore(ABC):
    """Chords and chains. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def fail_chord(self, chord_id: str, failure: str) -> bool:
        """End an open chord whose caller cannot send the rest of it.

        Its body is published now, with `failure` as its only part. Returns False when there is no
        such open chord.
        """

    @abstractmethod
    def reap_chords(self) -> list[str]:
        """End open chords that waited too long for their next page; returns some at a time."""

    @abstractmethod
    def chord_parts(self, chord_id: str) -> list[bytes] | None:
        """Return the parts of a chord in order; None: there is none, or it is not complete."""

    @abstractmethod
    def chain_links(self, chain_id: str, start: int, count: int) -> list[bytes]:
        """Return up to `count` stored links of a chain, from `start` on; none if all are gone."""
