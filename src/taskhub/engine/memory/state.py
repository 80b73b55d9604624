"""Messages of the in-memory engine, and where each of them is."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from taskhub.engine.port.claims import Claim, GivenUp
from taskhub.engine.port.inspection import DeadLetter, PausedQueue
from taskhub.engine.port.notifier import Topic
from taskhub.engine.positions import next_sequence, ready_at
from taskhub.message import HIGHEST_PRIORITY, Envelope


class Position(NamedTuple):
    """Where a message stands in its queue; lower is claimed first."""

    #: 0 for the highest priority.
    rank: int
    sequence: int
    key: str


class Due(NamedTuple):
    """When a delayed message becomes ready."""

    at: int
    queue: str
    priority: int
    key: str


@dataclass
class MemoryState:
    """Everything that is stored of messages and workers; times are in milliseconds.

    Guarded by the engine's lock. A message is in one of four places: ready, delayed, claimed, or
    with the rate limiter.
    """

    messages: dict[str, Envelope] = field(default_factory=dict)
    ready: dict[str, list[Position]] = field(default_factory=lambda: defaultdict(list))
    delayed: list[Due] = field(default_factory=list)
    #: By worker and key.
    claims: dict[str, dict[str, Claim]] = field(default_factory=lambda: defaultdict(dict))
    #: How many deliveries of a message ended without an outcome.
    deliveries: dict[str, int] = field(default_factory=dict)
    #: Messages that are not run again.
    given_up: dict[str, GivenUp] = field(default_factory=dict)
    #: When each lease runs out.
    workers: dict[str, int] = field(default_factory=dict)
    worker_infos: dict[str, bytes] = field(default_factory=dict)
    #: Task ids, and until when they are remembered.
    revoked: dict[str, int] = field(default_factory=dict)
    #: Header and value, and until when they are remembered.
    revoked_stamps: dict[tuple[str, str], int] = field(default_factory=dict)
    dead: dict[str, DeadLetter] = field(default_factory=dict)
    #: Names of queues that were ever used.
    queues: set[str] = field(default_factory=set)
    paused: dict[str, PausedQueue] = field(default_factory=dict)
    #: Topics of which a notification waits to be taken.
    notifications: set[Topic] = field(default_factory=set)
    sequence: int = 0

    def publish(self, envelope: Envelope, now: int) -> None:
        """Store a message and make it ready or due, under another key if its id is taken."""
        key = envelope.task_id
        if key in self.messages:
            key = self._unique_key(key)
        self.messages[key] = envelope._replace(delay=0, eta=None)
        self.queues.add(envelope.queue)
        self.notifications.add(envelope.queue)
        due = envelope.eta
        if due is None and envelope.delay > 0:
            due = now + envelope.delay
        if due is None:
            self._make_ready(key, now)
        else:
            insort(self.delayed, Due(due, envelope.queue, envelope.priority, key))

    def _unique_key(self, key: str) -> str:
        self.sequence += 1
        return f"{key}\n{self.sequence}"

    def promote(self, now: int) -> set[str]:
        """Make ready what is due; return the queues that got something."""
        grown = set()
        while self.delayed and self.delayed[0].at <= now:
            due = self.delayed.pop(0)
            self._make_ready(due.key, now)
            grown.add(due.queue)
        return grown

    def _make_ready(self, key: str, now: int) -> None:
        self.sequence = next_sequence(self.sequence, now)
        self.put_ready(self.position(key, self.sequence))

    def position(self, key: str, sequence: int) -> Position:
        """Return the position of a message with this sequence."""
        return Position(HIGHEST_PRIORITY - self.messages[key].priority, sequence, key)

    def put_ready(self, position: Position) -> str:
        """Put a message into its queue; return that."""
        queue = self.messages[position.key].queue
        insort(self.ready[queue], position)
        return queue

    def pop_foremost(self, queues: Iterable[str]) -> Position | None:
        """Take the first message over all the queues out."""
        heads = [self.ready[queue][0] for queue in queues if self.ready[queue]]
        if not heads:
            return None
        foremost = min(heads, key=lambda head: (head.rank, head.sequence))
        self.ready[self.messages[foremost.key].queue].remove(foremost)
        return foremost

    def withdraw(self, key: str) -> Position | None:
        """Take a message out of where it is ready or delayed; None: it is neither.

        One that was delayed gets the foremost position of its priority.
        """
        envelope = self.messages.get(key)
        if envelope is None:
            return None
        ready = self.ready[envelope.queue]
        for position in ready:
            if position.key == key:
                ready.remove(position)
                return position
        for due in self.delayed:
            if due.key == key:
                self.delayed.remove(due)
                return self.position(key, 0)
        return None

    def hold(self, worker: str, position: Position, *, revoked: bool, now: int | None) -> Claim:
        """Put a message that was taken out into a worker's hands.

        Args:
            worker: Who holds it.
            position: The position that it had.
            revoked: Whether its task is revoked.
            now: When it was claimed; None: it was taken out to be revoked.
        """
        rank, sequence, key = position
        message, delivery = self.messages[key], self.deliveries.get(key, 0) + 1
        given_up = self.given_up.get(key)
        claim = Claim(
            key,
            f"{delivery} {given_up} {rank} {sequence}",
            message.task_id,
            message.queue,
            message.priority,
            message.body,
            revoked,
            delivery,
            sequence,
            ready_at(sequence),
            now,
            given_up,
        )
        self.claims[worker][key] = claim
        return claim

    def held(self, worker: str, key: str, token: str) -> Claim | None:
        """Return a claim that still stands; None: it does not."""
        claim = self.claims[worker].get(key)
        return claim if claim is not None and claim.token == token else None

    def requeue(self, claim: Claim) -> None:
        """Return a claimed message to its position."""
        self.notifications.add(self.put_ready(self.position(claim.key, claim.sequence)))

    def is_revoked(self, key: str, now: int) -> bool:
        """Whether a message's task is remembered as revoked."""
        return self.revoked.get(self.messages[key].task_id, now) > now

    def add_dead_letter(self, key: str, reason: str, expires: int) -> None:
        """Make a message a dead letter, under another key if another one has its own."""
        kept = self._unique_key(key) if key in self.dead else key
        self.dead[kept] = DeadLetter(kept, reason, self.messages.get(key), expires)

    def forget(self, key: str) -> None:
        """Drop what is stored of a message; its key is free."""
        self.messages.pop(key, None)
        self.deliveries.pop(key, None)
        self.given_up.pop(key, None)
