"""The part of the engine port that takes calls from an outbox: a table in a caller's own database.

Programs write calls there in their own transactions; a relay reads those that are committed, lets
the store take them, and deletes their rows. One relay of an outbox leads at a time: what another
one still sends is refused, however late it arrives. The leader hands over batch after batch, each
only when the rows of the one before it are deleted. So the store need only remember the last batch:
the relay that leads next learns which rows it was, and deletes them before it reads others.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple

from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan

__all__ = ("OutboxBatch", "OutboxStore", "RelayLeadership", "Taken")


class RelayLeadership(NamedTuple):
    """What a relay learns when it asks for the leadership."""

    #: The number of its leadership; 0: another relay leads.
    number: int
    #: Who leads.
    holder: str
    #: Ids of the rows that were taken last; they may still be in the table.
    taken: tuple[str, ...] = ()


class OutboxBatch(NamedTuple):
    """Rows that the store takes together, all or none."""

    #: Ids of the rows, unique for all time; none of them holds a space.
    rows: tuple[str, ...]
    messages: Sequence[Envelope]
    chords: Sequence[ChordPlan] = ()
    chains: Sequence[ChainPlan] = ()


#: What became of a batch: it was stored; it had been stored by an earlier try; or another relay
#: leads, and nothing was stored.
Taken = Literal["stored", "known", "fenced"]


class OutboxStore(ABC):
    """What the store knows of one outbox. Raises `OperationalError` as `Engine` does.

    Args:
        outbox: Its id, which belongs to the table.
    """

    def __init__(self, outbox: str) -> None:
        self.outbox = outbox

    @abstractmethod
    def lead(self, holder: str, number: int, lease: int) -> RelayLeadership:
        """Renew the leadership of the relays of this outbox, or begin one.

        Args:
            holder: Who asks.
            number: The number that it leads with; 0 begins another leadership, also when it leads
                already: then nothing that it has sent before is taken any more.
            lease: How long it leads without being heard of, ms.
        """

    @abstractmethod
    def resign(self, number: int) -> bool:
        """End a leadership, so that another relay may lead at once; False: another one leads."""

    @abstractmethod
    def store_batch(self, number: int, batch_number: int, batch: OutboxBatch) -> Taken:
        """Store the messages of a batch, each ready or delayed as its envelope says.

        Harmless when sent twice.

        Args:
            number: The number of the leadership.
            batch_number: Which batch of this leadership it is, from 1.
            batch: The batch; the rows of the one before it are not in the table any more.
        """
