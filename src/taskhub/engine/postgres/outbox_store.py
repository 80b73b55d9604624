"""What the database knows of an outbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from taskhub.engine.port.outbox_store import OutboxBatch, OutboxStore, RelayLeadership, Taken
from taskhub.engine.postgres.connection import Call, Reply, ServerRefusal
from taskhub.engine.postgres.connection_pool import STEADY
from taskhub.engine.postgres.errors import SERVED
from taskhub.engine.postgres.store import PostgresStore
from taskhub.exceptions import StoreRefused

_FENCED: Final = "TH003"

#: Stores the messages of a batch, after a call in the same transaction; returns what was answered.
StoreMessages = Callable[[Call, OutboxBatch], Reply]


class PostgresOutboxStore(OutboxStore):
    """Works on one row.

    Args:
        outbox: The id of the outbox.
        store: The database.
        store_messages: Stores the messages of a batch.
    """

    def __init__(self, outbox: str, store: PostgresStore, store_messages: StoreMessages) -> None:
        super().__init__(outbox)
        self._store = store
        self._store_messages = store_messages

    def lead(self, holder: str, number: int, lease: int) -> RelayLeadership:
        # Not repeated when its reply is lost: the relay asks again soon anyway.
        arguments = (self._store.now, self.outbox, holder, number, lease)
        ((given, leader, taken),) = self._store.run("lead_outbox", *arguments, retry=None)
        return RelayLeadership(given, leader, tuple(taken))

    def resign(self, number: int) -> bool:
        return bool(self._store.run("resign_outbox", self.outbox, number, retry=STEADY))

    def store_batch(self, number: int, batch_number: int, batch: OutboxBatch) -> Taken:
        taking = self._store.prepare(
            "take_batch", self.outbox, number, batch_number, list(batch.rows)
        )
        return read_taken(self._store_messages(taking, batch))


def read_taken(reply: Reply) -> Taken:
    """Return what became of a batch.

    Args:
        reply: That to the transaction that began with `take_batch.sql`.

    Raises:
        StoreRefused: The server refused it.
    """
    if not isinstance(reply, StoreRefused):
        return "stored"
    cause = reply.__cause__
    code = cause.error.code if isinstance(cause, ServerRefusal) else ""
    if code == SERVED:
        return "known"
    if code == _FENCED:
        return "fenced"
    raise reply
