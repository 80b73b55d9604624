"""Calls that are written by the caller's own transaction: `with app.transaction(session):`."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Token
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from taskhub import instrumentation
from taskhub.app.transactions import open_connection
from taskhub.canvas.outbox import transaction_of_context
from taskhub.exceptions import TransactionError
from taskhub.message import decode_body
from taskhub.transactions.caller import CallerTransaction, find_transaction, recognize
from taskhub.transactions.destination import Destination, StoreTable
from taskhub.transactions.row import Calls, OutboxRow, make_row
from taskhub.transactions.table import TableName, read_name

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.canvas.outbox import Outbox
    from taskhub.engine.port.engine import Engine

#: Engine -> where the calls of its app in transactions may be written.
_destinations: WeakKeyDictionary[Engine, Destination] = WeakKeyDictionary()

__all__ = ("TransactionBlock", "find_block", "transaction_block")


def find_block(app: Celery, options: Mapping[str, Any]) -> TransactionBlock | None:
    """Return the block that calls with these options belong to; None: they are sent at once.

    An object of `connection` that is none of a database library's has no effect, as kombu's.

    Raises:
        TransactionError: It is called in a task or thread that has outlived the block.
    """
    if options and (connection := options.get("connection")) is not None:
        found = find_transaction(connection, _destination(app))
        if found is not None:
            return TransactionBlock(app, found)
    block: TransactionBlock | None = transaction_of_context.get()
    if block is None or block.app is not app:
        return _block_of_django(app)
    if not block.is_open:
        raise TransactionError(
            "the block of app.transaction() has ended: await what is begun in it before it ends, "
            "or begin it outside"
        )
    return block


def _block_of_django(app: Celery) -> TransactionBlock | None:
    """Return the block of an open transaction of Django's, if all calls are to belong to it."""
    database = app.conf.task_enqueue_in_transaction
    if not database:
        return None
    connection = open_connection("task_enqueue_in_transaction", database)
    if not connection.in_atomic_block:
        return None
    found = find_transaction(connection, _destination(app))
    return None if found is None else TransactionBlock(app, found)


class TransactionBlock:
    """Calls made in this block belong to a transaction of the caller's: `app.transaction(session)`.

    They are sent if it is committed, and only then. With a session each call is written when that
    is flushed, with a connection when it is made. Where statements must be awaited (an
    `AsyncConnection`), calls are written at the end of `async with`; commit after it.
    """

    def __init__(self, app: Celery, transaction: CallerTransaction) -> None:
        self.app = app
        self._transaction = transaction
        self._rows: list[OutboxRow] = []
        self._tokens: list[Token[TransactionBlock | None]] = []

    @property
    def is_open(self) -> bool:
        """Whether it is entered and not left: asyncio's tasks inherit it, and may live longer."""
        return bool(self._tokens)

    def send(self, outbox: Outbox) -> None:
        """Write what leaves together: a call, or those of a canvas.

        Signals about them are sent now, events by the relay.

        Raises:
            TransactionError: There is no transaction that can be committed.
            ImproperlyConfigured: The database has no outbox table.
        """
        if not outbox.messages and not outbox.chords:
            return
        publishing = self.app.calls.publishing
        with instrumentation.SendOperation() as operation:
            if instrumentation.active and outbox.messages:
                queues = [envelope.queue for envelope in outbox.messages]
                operation.send_batch(self.app.broker, queues, outbox.created)
            self._write(outbox, publishing.events(outbox.published))
        publishing.send_signals(outbox.published)

    def _write(self, outbox: Outbox, events: list[str]) -> None:
        first = [*outbox.messages, *(one for chord in outbox.chords for one in chord.body)][0]
        calls = Calls(
            messages=outbox.messages, chords=outbox.chords, chains=outbox.chains, events=events
        )
        name = decode_body(first.body)["actor_name"]
        row = make_row(self.app.engine.rules.namespace, name, calls)
        if not self._transaction.is_awaited:
            self._transaction.write(row)
        elif self._tokens:
            self._rows.append(row)
        else:
            self._refuse()

    def _refuse(self) -> None:
        raise TransactionError(
            "statements of this connection must be awaited: use `async with "
            "app.transaction(connection):`, or `await task.adelay_in(connection, ...)`"
        )

    def __enter__(self) -> TransactionBlock:
        if self._transaction.is_awaited:
            self._refuse()
        self._transaction.check()
        self._tokens.append(transaction_of_context.set(self))
        return self

    def __exit__(self, *error: object) -> None:
        transaction_of_context.reset(self._tokens.pop())

    async def __aenter__(self) -> TransactionBlock:
        await self._transaction.acheck()
        self._tokens.append(transaction_of_context.set(self))
        return self

    async def __aexit__(self, kind: object, *error: object) -> None:
        transaction_of_context.reset(self._tokens.pop())
        rows, self._rows = self._rows, []
        if rows and kind is None:
            await self._transaction.awrite(rows)


def transaction_block(app: Celery, connection: Any) -> TransactionBlock:
    """Return the block of a session or connection.

    Raises:
        TypeError: It is none of a database library's.
    """
    return TransactionBlock(app, recognize("app.transaction()", connection, _destination(app)))


def _destination(app: Celery) -> Destination:
    """Return where calls in transactions may be written; the same one for each engine."""
    engine = app.engine
    found = _destinations.get(engine)
    outbox = read_name(app.conf.outbox_table)
    if found is None or found.outbox != outbox:
        store = None
        if engine.calls_table is not None:
            store = StoreTable(
                TableName(*engine.calls_table),
                engine.stores.broker,
                engine.transfer.store_id,
            )
        found = _destinations[engine] = Destination(outbox, store)
    return found
