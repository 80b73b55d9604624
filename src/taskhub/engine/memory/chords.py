"""Chords and stored links of chains of the in-memory engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from taskhub.engine.memory.state import MemoryState
from taskhub.exceptions import StoreRefused
from taskhub.message import Envelope
from taskhub.outcome import (
    ChainPlan,
    ChordExtension,
    ChordPage,
    ChordPart,
    ChordPlan,
    Outcome,
)

#: As many open chords `Chords.reap` ends in one call.
REAPED_AT_ONCE = 100


@dataclass
class Chord:
    """A chord that waits for parts, or for its body to use them."""

    size: int
    body: tuple[Envelope, ...]
    #: By index; those that were added, by label.
    parts: dict[int | str, bytes] = field(default_factory=dict)
    #: The labels of the parts that were added, in order.
    added: list[str] = field(default_factory=list)
    #: Parts that were given under a label before they were added.
    early: dict[str, bytes] = field(default_factory=dict)
    #: How many messages of the body have not used the parts yet.
    bodies: int = 0
    #: The part that ends it when the next page does not come.
    failure: bytes = b""
    has_failed: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether all parts are there."""
        return self.has_failed or len(self.parts) >= self.size

    def all_parts(self) -> list[bytes]:
        """Return the parts of a complete chord, in order."""
        if self.has_failed:
            return [self.failure]
        indexes = [*range(self.size - len(self.added)), *self.added]
        return [self.parts[index] for index in indexes]


class Chords:
    """Chords by id.

    Args:
        state: Where the messages of bodies are published.
    """

    def __init__(self, state: MemoryState) -> None:
        self._state = state
        self.chords: dict[str, Chord] = {}
        #: Chords whose size is not known yet, and until when each waits for its next page.
        self.open: dict[str, int] = {}

    def begin(self, plan: ChordPlan) -> None:
        """Begin a chord, unless it has begun already."""
        self.chords.setdefault(plan.chord_id, Chord(plan.size, plan.body, bodies=len(plan.body)))

    def extend(self, extension: ChordExtension) -> None:
        """Make room for one more part, once for each label, in a chord that is not complete."""
        chord = self.chords.get(extension.chord_id)
        if chord is None or chord.is_complete or extension.label in chord.added:
            return
        chord.added.append(extension.label)
        chord.size += 1
        if extension.label in chord.early:
            chord.parts[extension.label] = chord.early.pop(extension.label)

    def give_part(self, part: ChordPart, now: int) -> None:
        """Take a part in, once; the last one publishes the body."""
        chord = self.chords.get(part.chord_id)
        if chord is None:
            return
        index, value = part.place, part.value.encode()
        if isinstance(index, str) and index not in chord.added:
            chord.early.setdefault(index, value)
            return
        if index in chord.parts or chord.has_failed:
            return
        chord.parts[index] = value
        if len(chord.parts) == chord.size:
            self._publish_body(chord, now)

    def add_page(self, page: ChordPage, now: int) -> None:
        """Add the parts of a page to an open chord.

        Until the last page its size is one more than it has parts.

        Raises:
            StoreRefused: It has ended.
        """
        chord = self.chords.get(page.chord_id)
        if page.failure and chord is not None:
            chord.failure = page.failure.encode()
            chord.size += 1
        elif chord is None or page.chord_id not in self.open:
            raise StoreRefused(
                "the chord has ended as FAILURE: its caller did not send the next page in time"
            )
        chord.size += page.parts
        if page.wait is not None:
            self.open[page.chord_id] = now + page.wait
            return
        self.open.pop(page.chord_id, None)
        chord.size -= 1
        if len(chord.parts) == chord.size:
            self._publish_body(chord, now)

    def fail(self, chord_id: str, failure: str, now: int) -> bool:
        """End an open chord: its body is published, with a failure in the place of its parts."""
        if self.open.pop(chord_id, None) is None:
            return False
        chord = self.chords[chord_id]
        chord.failure = failure.encode() or chord.failure
        chord.has_failed = True
        self._publish_body(chord, now)
        return True

    def reap(self, now: int) -> list[str]:
        """End open chords that have waited too long for their next page."""
        waiting = sorted((until, chord_id) for chord_id, until in self.open.items())
        found = [chord_id for until, chord_id in waiting if until <= now][:REAPED_AT_ONCE]
        for chord_id in found:
            self.fail(chord_id, "", now)
        return found

    def leave(self, chord_id: str) -> None:
        """Count a message of the body that has used the parts; the last one ends the chord."""
        chord = self.chords.get(chord_id)
        if chord is not None:
            chord.bodies -= 1
            if chord.bodies <= 0:
                del self.chords[chord_id]

    def parts(self, chord_id: str) -> list[bytes] | None:
        """Return the parts of a complete chord."""
        chord = self.chords.get(chord_id)
        return chord.all_parts() if chord is not None and chord.is_complete else None

    def _publish_body(self, chord: Chord, now: int) -> None:
        for message in chord.body:
            self._state.publish(message, now)


class Chains:
    """The stored links of chains, in order, by chain id."""

    def __init__(self) -> None:
        self.stored: dict[str, tuple[bytes, ...]] = {}

    def store(self, plan: ChainPlan) -> None:
        """Store the links of a chain, unless they are stored already."""
        self.stored.setdefault(plan.chain_id, tuple(link.encode() for link in plan.links))

    def delete(self, chain_ids: Iterable[str]) -> None:
        """Delete the links of chains."""
        for chain_id in chain_ids:
            self.stored.pop(chain_id, None)

    def links(self, chain_id: str, start: int, count: int) -> Sequence[bytes]:
        """Return some links of a chain."""
        return self.stored.get(chain_id, ())[start : start + count]


def ended_chains(outcomes: Iterable[Outcome]) -> set[str]:
    """Return the chains that these outcomes have ended, without those that a later one keeps."""
    ended: set[str] = set()
    for outcome in outcomes:
        bodies = (message for chord in outcome.chords for message in chord.body)
        ended -= {plan.chain_id for plan in outcome.chains}
        ended -= {
            chain_id for message in (*outcome.publish, *bodies) for chain_id in message.chains
        }
        ended |= set(outcome.consumed_chains)
    return ended
