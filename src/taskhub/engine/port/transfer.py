"""The part of the engine port that moves what waits from one store to another: `taskhub move`.

The source lists what it holds, gives it out as values, and deletes it by key. The target takes
batches as it takes those of an outbox (`OutboxStore`): from the mover that leads, each once, and
it remembers what the last one held. What was taken and not deleted, the mover that leads next
deletes first. Times are in milliseconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from taskhub.engine.port.inspection import DeadLetter
from taskhub.engine.port.outbox_store import Taken
from taskhub.message import Envelope

__all__ = (
    "Inventory",
    "Kind",
    "MoveBatch",
    "StoreTransfer",
    "StoredChain",
    "StoredChord",
    "StoredMessage",
    "StoredPart",
    "StoredResult",
)

#: What is moved under a key of its own.
Kind = Literal["message", "chord", "chain", "dead"]


class Inventory(NamedTuple):
    """Names of what a store holds beside messages and dead letters."""

    chords: list[str]
    chains: list[str]
    #: Apps with periodic jobs.
    schedules: list[str]
    #: Outboxes whose calls it has taken.
    outboxes: list[str]


class StoredMessage(NamedTuple):
    """A message that waits, with all that the store knows of it."""

    key: str
    #: Its `eta` says when it is due; None: it is ready, or waits for a permit.
    envelope: Envelope
    #: Where it stands among those of its queue and priority.
    sequence: int = 0
    #: How many deliveries ended without an outcome.
    deliveries: int = 0
    #: Why it is not run again: "a" acknowledged early, "t" timed out, "" it is.
    mark: str = ""


class StoredPart(NamedTuple):
    """A part of a chord."""

    #: The index as text, or that of an added part ("+...").
    label: str
    #: Where it stands among the added ones, from 1; None: it was not added (yet).
    added: int | None
    #: None: it is not there yet.
    value: str | None


class StoredChord(NamedTuple):
    """A chord whose body has not used its parts yet."""

    chord_id: str
    #: How many parts it has, those that were added (`extra`) included, and how many are there.
    size: int
    extra: int
    done: int
    #: How many messages of the body have not used the parts yet.
    bodies: int
    body: tuple[Envelope, ...]
    parts: tuple[StoredPart, ...]
    #: For how long it is kept.
    life: int
    #: Whether its caller still sends pages of its header.
    is_open: bool = False


class StoredChain(NamedTuple):
    """The stored links of a chain."""

    chain_id: str
    links: tuple[str, ...]
    #: For how long they are kept.
    life: int


class StoredResult(NamedTuple):
    """The result document of a task, or the members of a group."""

    kind: Literal["task", "group"]
    id: str
    document: str
    #: For how long it is kept; None: forever.
    ttl: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveBatch:
    """What the target takes together, all or none."""

    #: By which the target remembers the batch; none of them holds a space.
    rows: tuple[str, ...] = ()
    messages: Sequence[StoredMessage] = ()
    chords: Sequence[StoredChord] = ()
    chains: Sequence[StoredChain] = ()
    dead_letters: Sequence[DeadLetter] = ()


class StoreTransfer(ABC):
    """One side of a move. Raises `OperationalError` as `Engine` does."""

    # -- both sides

    @abstractmethod
    def store_id(self) -> str:
        """Return the id of this store, in this namespace; made at the first call.

        It stands in the store, so that it is the same by whatever address.
        """

    @abstractmethod
    def inventory(self) -> Inventory:
        """Return names of what is stored."""

    # -- the source

    @abstractmethod
    def message_keys(self) -> Iterator[list[str]]:
        """Yield the keys of all messages that have not ended, in pages; one may come twice."""

    @abstractmethod
    def messages(self, keys: Sequence[str]) -> list[StoredMessage]:
        """Return the messages of these keys that wait: neither claimed, nor unreadable."""

    @abstractmethod
    def chords(self, chord_ids: Sequence[str]) -> list[StoredChord]:
        """Return the chords of these ids that are there."""

    @abstractmethod
    def chains(self, chain_ids: Sequence[str]) -> list[StoredChain]:
        """Return the stored links of the chains of these ids that are there."""

    @abstractmethod
    def results(self) -> Iterator[list[StoredResult]]:
        """Yield results, in pages; one may come twice."""

    @abstractmethod
    def delete(self, kind: Kind, keys: Sequence[str]) -> None:
        """Delete what was taken; what is gone already is left out.

        A message is also taken from a worker that has claimed it meanwhile, whose completion is
        then refused.
        """

    # -- the target

    @abstractmethod
    def store_batch(self, mover: str, number: int, batch_number: int, batch: MoveBatch) -> Taken:
        """Store a batch; harmless when sent twice.

        Args:
            mover: Whose leadership it is: the id of an `OutboxStore`, which leads and resigns.
            number: The number of the leadership.
            batch_number: Which batch of this leadership it is, from 1.
            batch: The batch; what the one before it held is not in the source any more.
        """
