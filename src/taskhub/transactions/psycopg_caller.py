"""Connections of psycopg's as the transactions of callers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.pq import TransactionStatus

from taskhub.exceptions import TransactionError
from taskhub.transactions.caller import CallerTransaction
from taskhub.transactions.row import COLUMNS, OutboxRow
from taskhub.transactions.table import TableName, missing_table

__all__ = ("recognize",)

#: Asked before anything fails: an error would end the caller's transaction.
_HAS_TABLE = "SELECT to_regclass(%s) IS NOT NULL"
#: Connection -> the tables that its database is known to have.
_known: WeakKeyDictionary[Any, set[TableName]] = WeakKeyDictionary()


def recognize(value: Any, table: TableName) -> CallerTransaction | None:
    """Return the transaction that an object of psycopg's stands for; None: it is none."""
    if isinstance(value, psycopg.Connection):
        return _InConnection(value, table)
    if isinstance(value, psycopg.AsyncConnection):
        return _InAsyncConnection(value, table)
    return None


class _InConnection(CallerTransaction):
    """A connection, on which rows are inserted at once."""

    def __init__(self, connection: psycopg.Connection[Any], table: TableName) -> None:
        super().__init__(table)
        self._connection = connection

    def check(self) -> None:
        if _is_checked(self._connection, self.table):
            return
        with self._cursor() as cursor:
            found = cursor.execute(_HAS_TABLE, (self.table.quoted(),)).fetchone()
        _check_found(found, self._connection, self.table)

    def write(self, row: OutboxRow) -> None:
        self.check()
        with self._cursor() as cursor:
            cursor.execute(_insertion(self.table), tuple(row.values().values()))

    def _cursor(self) -> Any:
        # Whatever factories the caller's connection has.
        return psycopg.Cursor(self._connection)


class _InAsyncConnection(CallerTransaction):
    """A connection whose statements are awaited."""

    is_awaited = True

    def __init__(self, connection: psycopg.AsyncConnection[Any], table: TableName) -> None:
        super().__init__(table)
        self._connection = connection

    def write(self, row: OutboxRow) -> None:
        raise TransactionError(
            "an AsyncConnection must be awaited: use `async with app.transaction(connection):` or "
            "`await task.adelay_in(connection, ...)`"
        )

    async def acheck(self) -> None:
        if _is_checked(self._connection, self.table):
            return
        async with psycopg.AsyncCursor(self._connection) as cursor:
            await cursor.execute(_HAS_TABLE, (self.table.quoted(),))
            found = await cursor.fetchone()
        _check_found(found, self._connection, self.table)

    async def awrite(self, rows: Sequence[OutboxRow]) -> None:
        await self.acheck()
        async with psycopg.AsyncCursor(self._connection) as cursor:
            await cursor.executemany(
                _insertion(self.table), [tuple(row.values().values()) for row in rows]
            )


def _insertion(table: TableName) -> Any:
    places = ", ".join(["%s"] * len(COLUMNS))
    return f"INSERT INTO {table.quoted()} ({', '.join(COLUMNS)}) VALUES ({places})"


def _is_checked(connection: Any, table: TableName) -> bool:
    """Refuse a connection without a transaction; return whether its table was found before."""
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
    return table in _known.get(connection, ())


def _check_found(found: Any, connection: Any, table: TableName) -> None:
    if not found or not found[0]:
        about = connection.info
        raise missing_table(table, f"postgresql://{about.host}:{about.port}/{about.dbname}")
    _known.setdefault(connection, set()).add(table)
