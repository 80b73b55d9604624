"""What the in-memory engine stores, and the moves that several of its verbs make.

The twin of `redis/lua/shared.lua`.
"""

from __future__ import annotations

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from taskhub.engine.looking import DeadLetter
from taskhub.engine.monitoring import Event
from taskhub.engine.places import next_age, score_of
from taskhub.engine.port import Claim
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordExtension, ChordPart, ChordPlan


@dataclass
class MemoryChord:
    """A chord that waits for parts, or for its body to use them."""

    size: int
    body: tuple[Envelope, ...]
    parts: dict[int, bytes] = field(default_factory=dict)
    #: The places of the parts that were added, by label.
    added: dict[str, int] = field(default_factory=dict)
    #: Parts that were given under a label before they were added.
    early: dict[str, bytes] = field(default_factory=dict)
    #: How many messages of the body have not used the parts yet.
    bodies: int = 0


@dataclass
class MemoryState:
    """The fields are those of the Redis data model; times are in milliseconds.

    Guarded by the engine's lock.
    """

    messages: dict[str, Envelope] = field(default_factory=dict)
    ready: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    #: When it is due, queue, priority, key.
    delayed: list[tuple[int, str, int, str]] = field(default_factory=list)
    claims: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    deliveries: dict[str, int] = field(default_factory=dict)
    workers: dict[str, int] = field(default_factory=dict)
    #: What the registered workers tell of themselves.
    cards: dict[str, bytes] = field(default_factory=dict)
    revoked: dict[str, int] = field(default_factory=dict)
    #: Header and value, and until when they are remembered.
    revoked_stamps: dict[tuple[str, str], int] = field(default_factory=dict)
    dead: dict[str, DeadLetter] = field(default_factory=dict)
    queues: set[str] = field(default_factory=set)
    #: Queues whose bell holds its token.
    bells: set[str] = field(default_factory=set)
    #: Document, and when it is forgotten.
    documents: dict[str, tuple[bytes, int | None]] = field(default_factory=dict)
    groups: dict[str, tuple[bytes, int | None]] = field(default_factory=dict)
    chords: dict[str, MemoryChord] = field(default_factory=dict)
    #: The stored links of chains, in order.
    chains: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    sequence: int = 0
    events: list[Event] = field(default_factory=list)
    #: How many there ever were.
    events_told: int = 0
    #: Minute since the epoch -> what was counted in it, and when that is forgotten.
    counts: dict[int, tuple[Counter[str], int]] = field(default_factory=dict)
    failures: dict[int, tuple[dict[str, str], int]] = field(default_factory=dict)

    def publish(self, envelope: Envelope, now: int) -> None:
        """Store a message and make it ready or due, under another key if its id is taken."""
        key = envelope.task_id
        if key in self.messages:
            self.sequence += 1
            key = f"{key}\n{self.sequence}"
        self.messages[key] = envelope._replace(delay=0, eta=None)
        self.queues.add(envelope.queue)
        self.bells.add(envelope.queue)
        due = envelope.eta
        if due is None and envelope.delay > 0:
            due = now + envelope.delay
        if due is None:
            self._push_ready(key, now)
        else:
            insort(self.delayed, (due, envelope.queue, envelope.priority, key))

    def promote(self, now: int) -> set[str]:
        """Make ready what is due; return the queues that got something."""
        grown = set()
        while self.delayed and self.delayed[0][0] <= now:
            _, queue, _, key = self.delayed.pop(0)
            self._push_ready(key, now)
            grown.add(queue)
        return grown

    def pop_foremost(self, queues: Iterable[str]) -> tuple[int, str] | None:
        """Take the first message over all the queues out; return its score and key."""
        queue = min(
            (queue for queue in queues if self.ready[queue]),
            key=lambda queue: self.ready[queue][0][0],
            default=None,
        )
        return None if queue is None else self.ready[queue].pop(0)

    def hold(self, worker: str, key: str, score: int, *, revoked: bool, at: int = 0) -> Claim:
        """Put a message that was taken out into a worker's hands, at a time or at none that counts."""
        envelope = self.messages[key]
        token = f"{self.deliveries.get(key, 0) + 1}:{score}"
        self.claims[worker][key] = token
        return Claim(
            *(key, token, revoked, envelope.task_id, envelope.queue),
            *(envelope.priority, envelope.body, at),
        )

    def holds(self, worker: str, claim: Claim) -> bool:
        """Whether a claim still stands."""
        return self.claims[worker].get(claim.key) == claim.token

    def is_revoked(self, key: str, now: int) -> bool:
        """Whether a message's task is remembered as revoked."""
        return self.revoked.get(self.messages[key].task_id, now) > now

    def put_back(self, key: str, token: str) -> None:
        """Put a claimed message back where it stood in its queue."""
        queue = self.messages[key].queue
        insort(self.ready[queue], (int(token.partition(":")[2]), key))
        self.bells.add(queue)

    def withdraw(self, key: str) -> int | None:
        """Take a message out of where it waits; return its score, None if it does not wait."""
        envelope = self.messages.get(key)
        if envelope is None:
            return None
        ready = self.ready[envelope.queue]
        for index, (score, waiting) in enumerate(ready):
            if waiting == key:
                del ready[index]
                return score
        for index, entry in enumerate(self.delayed):
            if entry[3] == key:
                del self.delayed[index]
                # It has no place in its queue yet: it gets the foremost of its priority.
                return score_of(envelope.priority, 0)
        return None

    def bury(self, key: str, reason: str, expires: int) -> None:
        """Make a message a dead letter."""
        self.dead[key] = DeadLetter(key, reason, self.messages.get(key), expires)

    def forget(self, key: str) -> None:
        """Drop what is stored of a message; its key is free."""
        self.messages.pop(key, None)
        self.deliveries.pop(key, None)

    def open_chord(self, plan: ChordPlan) -> None:
        """Begin a chord, unless it is open already."""
        self.chords.setdefault(
            plan.chord_id, MemoryChord(plan.size, plan.body, bodies=len(plan.body))
        )

    def extend_chord(self, extension: ChordExtension) -> None:
        """Make room for one more part, once for each label, in a chord that is not complete."""
        chord = self.chords.get(extension.chord_id)
        if chord is None or len(chord.parts) >= chord.size or extension.label in chord.added:
            return
        place = chord.added[extension.label] = chord.size
        chord.size += 1
        if extension.label in chord.early:
            chord.parts[place] = chord.early.pop(extension.label)

    def give_part(self, part: ChordPart, now: int) -> None:
        """Take a part in, once; the last one publishes the body."""
        chord = self.chords.get(part.chord_id)
        if chord is None:
            return
        place, value = part.place, part.value.encode()
        if isinstance(place, str):
            if place not in chord.added:
                chord.early.setdefault(place, value)
                return
            place = chord.added[place]
        if place in chord.parts:
            return
        chord.parts[place] = value
        if len(chord.parts) == chord.size:
            for message in chord.body:
                self.publish(message, now)

    def leave_chord(self, chord_id: str) -> None:
        """A message of the body has used the parts; the last one to do so ends the chord."""
        chord = self.chords.get(chord_id)
        if chord is not None:
            chord.bodies -= 1
            if chord.bodies <= 0:
                del self.chords[chord_id]

    def store_chain(self, plan: ChainPlan) -> None:
        """Store the links of a chain, unless they are stored already."""
        self.chains.setdefault(plan.chain_id, tuple(link.encode() for link in plan.links))

    def _push_ready(self, key: str, now: int) -> None:
        envelope = self.messages[key]
        self.sequence = next_age(self.sequence, now)
        insort(self.ready[envelope.queue], (score_of(envelope.priority, self.sequence), key))
