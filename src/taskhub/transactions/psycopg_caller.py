"""Connections of psycopg's as the transactions of callers."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus

from taskhub.exceptions import TransactionError
from taskhub.transactions.caller import CallerTransaction
from taskhub.transactions.destination import Destination, Question, answer, find_table
from taskhub.transactions.row import COLUMNS, OutboxRow
from taskhub.transactions.table import TableName, missing_table

__all__ = ("recognize",)

#: Asked before anything fails: an error would end the caller's transaction.
_HAS_TABLE = "SELECT to_regclass(%s) IS NOT NULL"
#: Connection -> where its calls are written.
_known: WeakKeyDictionary[Any, dict[Destination, TableName]] = WeakKeyDictionary()


def recognize(value: Any, destination: Destination) -> CallerTransaction | None:
    """Return the transaction that an object of psycopg's stands for; None: it is none."""
    if isinstance(value, psycopg.Connection):
        return _InConnection(value, destination)
    if isinstance(value, psycopg.AsyncConnection):
        return _InAsyncConnection(value, destination)
    return None


class _InConnection(CallerTransaction):
    """A connection, on which rows are inserted at once."""

    def __init__(self, connection: psycopg.Connection[Any], destination: Destination) -> None:
        super().__init__(destination)
        self._connection = connection

    def check(self) -> None:
        self._table()

    def write(self, row: OutboxRow) -> None:
        table = self._table()
        with self._cursor() as cursor:
            cursor.execute(_insertion(table), tuple(row.values().values()))

    def _table(self) -> TableName:
        """Return where calls are written."""
        found = _known_table(self._connection, self.destination)
        if found is not None:
            return found
        questions = _questions(self._connection, self.destination)
        with self._cursor() as cursor:
            table = answer(questions, lambda question: cursor.execute(*question).fetchone()[0])
        return _keep_table(self._connection, self.destination, table)

    def _cursor(self) -> Any:
        # Whatever factories the caller's connection has.
        return psycopg.Cursor(self._connection)


class _InAsyncConnection(CallerTransaction):
    """A connection whose statements are awaited."""

    is_awaited = True

    def __init__(self, connection: psycopg.AsyncConnection[Any], destination: Destination) -> None:
        super().__init__(destination)
        self._connection = connection

    def write(self, row: OutboxRow) -> None:
        raise TransactionError(
            "an AsyncConnection must be awaited: use `async with app.transaction(connection):` or "
            "`await task.adelay_in(connection, ...)`"
        )

    async def acheck(self) -> None:
        await self._table()

    async def awrite(self, rows: Sequence[OutboxRow]) -> None:
        table = await self._table()
        async with psycopg.AsyncCursor(self._connection) as cursor:
            await cursor.executemany(
                _insertion(table), [tuple(row.values().values()) for row in rows]
            )

    async def _table(self) -> TableName:
        found = _known_table(self._connection, self.destination)
        if found is not None:
            return found
        questions = _questions(self._connection, self.destination)
        async with psycopg.AsyncCursor(self._connection) as cursor:
            value: Any = None
            while True:
                try:
                    statement, parameters = questions.send(value)
                except StopIteration as end:
                    return _keep_table(self._connection, self.destination, end.value)
                await cursor.execute(statement.encode(), parameters)
                value = ((await cursor.fetchone()) or (None,))[0]


def _insertion(table: TableName) -> Any:
    places = ", ".join(["%s"] * len(COLUMNS))
    return f"INSERT INTO {table.quoted()} ({', '.join(COLUMNS)}) VALUES ({places})"


def _known_table(connection: Any, destination: Destination) -> TableName | None:
    """Refuse a connection without a transaction; return where its calls are written, if known."""
    status = connection.info.transaction_status
    if connection.closed or status is TransactionStatus.UNKNOWN:
        raise TransactionError("the connection is closed: there is no transaction to write to")
    if status is TransactionStatus.INERROR:
        raise TransactionError("the transaction has failed: roll it back before the call")
    if connection.autocommit and status is TransactionStatus.IDLE:
        raise TransactionError(
            "the connection is not in a transaction (autocommit): the call would be sent whatever "
            "becomes of the data; use `with connection.transaction():`, or call .delay()"
        )
    return _known.get(connection, {}).get(destination)


def _questions(connection: Any, destination: Destination) -> Generator[Question, Any, TableName]:
    """Find the table; refuse a database that has none."""
    found = yield from find_table(destination)
    if found is not None:
        return found
    if not (yield Question(_HAS_TABLE, (destination.outbox.quoted(),))):
        about = connection.info
        where = f"postgresql://{about.host}:{about.port}/{about.dbname}"
        raise missing_table(destination.outbox, where)
    return destination.outbox


def _keep_table(connection: Any, destination: Destination, table: TableName) -> TableName:
    _known.setdefault(connection, {})[destination] = table
    return table
