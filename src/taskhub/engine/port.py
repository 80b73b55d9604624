"""The engine port: every verb that the rest of taskhub uses to store, hand out and end messages.

`taskhub.engine.redis` implements it on Redis/Valkey, `taskhub.engine.memory` in this process; both pass the same
contract tests. Times are in milliseconds unless a name says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import NamedTuple

from taskhub.engine.locks import Locks
from taskhub.engine.looking import Looking
from taskhub.engine.mailbox import Mailbox
from taskhub.engine.monitoring import Monitoring
from taskhub.engine.places import waited
from taskhub.engine.rules import EngineRules
from taskhub.engine.throttle import Throttle
from taskhub.engine.timetable import Timetable
from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan, Outcome

#: Receives a task id and the result document just stored for it. Called from a thread of the engine: it must be quick.
DocumentCallback = Callable[[str, bytes], None]


#: More deliveries than any message has: those of a message that `Engine.condemn` has marked.
OVERDUE = 1_000_000


class Claim(NamedTuple):
    """One message in the hands of one worker."""

    #: The message's key in the store: its task id, or that and a number when several with one task id are stored.
    key: str
    #: Proves that this delivery of the message is held; whoever ends the task must show it.
    token: str
    #: Whether the task had been revoked when it was claimed.
    revoked: bool
    task_id: str
    queue: str
    priority: int
    body: bytes
    #: When it was claimed, ms since the epoch by the store's clock; 0: unknown.
    at: int = 0

    @property
    def waited(self) -> float | None:
        """How long the message had been ready when it was claimed, seconds; None: unknown."""
        wait = waited(self.score, self.at) if self.at else None
        return None if wait is None else wait / 1000

    @property
    def delivery(self) -> int:
        """How often the message has been delivered, this time included.

        More than `EngineRules.max_deliveries`: it is not to be run, but to be ended as lost.
        """
        return int(self.token.partition(":")[0])

    @property
    def overdue(self) -> bool:
        """Whether its last delivery went over its hard time limit, and nobody there could end it."""
        return self.delivery > OVERDUE

    @property
    def score(self) -> str:
        """The place that the message had in its queue."""
        return self.token.partition(":")[2]


class ClaimBatch(NamedTuple):
    """What a claim brought."""

    claims: list[Claim]
    #: Until the next delayed or throttled message is due (of any queue), 0 if one is due already; None: there is none.
    next_due: int | None


class Ending(NamedTuple):
    """A claim and what becomes of it."""

    claim: Claim
    outcome: Outcome
    #: How it is counted (`statistics.tally`); "": not at all.
    tally: str = ""


class Exchange(NamedTuple):
    """The reply to one round trip of a courier."""

    #: For each ending, whether it was written; False: the claim had been taken away.
    committed: list[bool]
    #: None when no claim was asked for.
    batch: ClaimBatch | None


class RetryPolicy(NamedTuple):
    """How often and how fast a producer tries again when the store is out of reach; seconds, as Celery's."""

    max_retries: int | None = 3
    interval_start: float = 0.0
    interval_step: float = 0.2
    interval_max: float = 0.2

    def pauses(self) -> Iterable[float]:
        """Yield the pause before each further try; for ever when `max_retries` is None."""
        pause, attempt = self.interval_start, 0
        while self.max_retries is None or attempt < self.max_retries:
            yield min(pause, self.interval_max)
            pause += self.interval_step
            attempt += 1


class Bell(ABC):
    """Blocks until one of some queues has work; used by one thread at a time."""

    @abstractmethod
    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        """Wait up to `timeout` seconds, or until `wake`; return whether the bell rang.

        Without `listen` no new wait for work is begun: only a wake-up, or the ring of an earlier wait, ends it early.

        Raises:
          OperationalError: the store is out of reach.
        """

    @abstractmethod
    def wake(self) -> None:
        """End a `wait` of another thread, or else the next one, at once."""

    @abstractmethod
    def close(self) -> None:
        """Free what the bell holds."""


class Subscription(ABC):
    """Documents of some task ids are being followed until this is closed."""

    @abstractmethod
    def close(self) -> None:
        """Stop following. Safe to call twice."""

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Engine(Looking, Monitoring):
    """Stores messages, hands them out, and writes their endings.

    Every verb raises `taskhub.exceptions.OperationalError` when the store is out of reach, after a bounded time.
    """

    #: The limits and times that it keeps.
    rules: EngineRules

    # -- producing

    @abstractmethod
    def enqueue(
        self,
        envelopes: Sequence[Envelope],
        *,
        chords: Sequence[ChordPlan] = (),
        chains: Sequence[ChainPlan] = (),
        retry: RetryPolicy | None = None,
    ) -> None:
        """Store messages, each ready or delayed as its envelope says.

        First open the chords they belong to, and store the links of chains of which they tell.

        A try whose reply was lost is repeated in a way that stores nothing twice. With `retry` None, nothing is
        repeated.
        """

    # -- working

    @abstractmethod
    def exchange(
        self, worker: str, endings: Sequence[Ending], queues: Sequence[str], limit: int | None
    ) -> Exchange:
        """Write endings and, unless `limit` is None, claim up to `limit` messages, in one round trip.

        Claims come by priority, then age, over all `queues`; what is due is made ready first. A `limit` of 0 claims
        nothing but wakes another worker if there is work. What the endings publish is this worker's own first: others
        are woken for what it leaves.
        """

    def commit(self, worker: str, endings: Sequence[Ending]) -> list[bool]:
        """Write endings; return for each whether its claim still stood."""
        return self.exchange(worker, endings, (), None).committed

    def claim(self, worker: str, queues: Sequence[str], limit: int) -> ClaimBatch:
        """Claim up to `limit` messages."""
        batch = self.exchange(worker, (), queues, limit).batch
        assert batch is not None
        return batch

    @abstractmethod
    def acknowledge(self, worker: str, claim: Claim) -> bool:
        """Use up all deliveries of a claimed message (`acks_late=False`), so that a crash does not run it again.

        If its worker dies, or gives it back, its next claim is one delivery too many. False: the claim no longer
        stands.
        """

    @abstractmethod
    def condemn(self, worker: str, key: str, token: str) -> bool:
        """Mark a message as one that went over its hard time limit in a process that cannot end it any more.

        Its next claim is `overdue`: it is ended, not run. False: the claim no longer stands.
        """

    @abstractmethod
    def give_back(self, worker: str, keys: Sequence[str]) -> list[str]:
        """Return claimed messages to their places; it does not count as a delivery. Returns those that were held."""

    @abstractmethod
    def reconcile(self, worker: str, held: Sequence[str]) -> list[str]:
        """Give back every claim of this worker but those it says it holds; returns what was given back."""

    @abstractmethod
    def bell(self, queues: Sequence[str]) -> Bell:
        """Return a bell for these queues."""

    # -- liveness

    @abstractmethod
    def renew(self, workers: Sequence[str], lease: int) -> list[str]:
        """Renew (or begin) leases; return the workers whose lease has run out."""

    @abstractmethod
    def release(self, worker: str, *, only_expired: bool = False) -> int | None:
        """Take the claims of a dead worker away and end its registration; return how many messages it held.

        They go back to their places, counted as deliveries without an outcome. None: `only_expired` was asked for
        and its lease stands.
        """

    @abstractmethod
    def introduce(self, worker: str, card: str) -> bool:
        """Keep what a worker tells of itself, until its registration ends; False: it has no lease."""

    # -- steering

    @property
    @abstractmethod
    def mailbox(self) -> Mailbox:
        """What carries commands to workers, and their replies back."""

    @abstractmethod
    def timetable(self, name: str) -> Timetable:
        """Return what keeps periodic jobs: those of the app of this name, of which others know nothing."""

    @property
    @abstractmethod
    def locks(self) -> Locks:
        """What lets one task at a time do a thing."""

    @property
    @abstractmethod
    def throttle(self) -> Throttle:
        """What keeps rate limits."""

    @abstractmethod
    def revoke(self, revoker: str, task_ids: Sequence[str], remember: int) -> list[Claim]:
        """Remember ids as revoked for `remember` ms; return those that waited, claimed by `revoker` to be ended."""

    @abstractmethod
    def revoke_stamps(self, stamps: Sequence[tuple[str, str]], remember: int) -> None:
        """Remember stamps (header, value) as revoked for `remember` ms; workers heed them, see `revoked_stamps`."""

    @abstractmethod
    def revive(self, keys: Sequence[str]) -> list[str]:
        """Make dead letters ready to run again; return those that were: there, and readable."""

    @abstractmethod
    def drop_dead(self, keys: Sequence[str]) -> list[str]:
        """Forget dead letters; return those that were there."""

    @abstractmethod
    def purge(self, queue: str, *, delayed: bool = True) -> int:
        """Drop all waiting messages of a queue; return how many."""

    # -- results

    @abstractmethod
    def store_state(
        self, task_id: str, document: str, ttl: int | None, *, held: tuple[str, Claim] | None = None
    ) -> bool:
        """Write a state that is no ending; never over a SUCCESS. With `held` (worker, claim) only while that stands."""

    @abstractmethod
    def documents(self, task_ids: Sequence[str]) -> list[bytes | None]:
        """Return the stored result documents, None where there is none."""

    @abstractmethod
    def forget(self, task_ids: Sequence[str]) -> None:
        """Delete result documents."""

    @abstractmethod
    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        """Call back with each id's present document, if any, and with every one stored from now on."""

    @abstractmethod
    def store_group(self, group_id: str, document: str, ttl: int | None) -> None:
        """Keep which results a group has."""

    @abstractmethod
    def group(self, group_id: str) -> bytes | None:
        """Return what `store_group` kept, None if there is nothing."""

    @abstractmethod
    def forget_group(self, group_id: str) -> None:
        """Delete what `store_group` kept."""

    # -- chords

    @abstractmethod
    def chord_parts(self, chord_id: str) -> list[bytes] | None:
        """Return the parts of a chord in order; None: there is no such chord, or it is not complete."""

    # -- chains

    @abstractmethod
    def chain_links(self, chain_id: str, start: int, count: int) -> list[bytes]:
        """Return up to `count` stored links of a chain, from place `start` on; none if they are gone."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection. The engine opens new ones if it is used again."""
