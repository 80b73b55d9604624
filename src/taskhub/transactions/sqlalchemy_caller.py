"""Sessions and connections of SQLAlchemy's as the transactions of callers.

A session gets an object, which it writes with the caller's own: when it is flushed, at the latest
by `commit`. So nothing has to be awaited with an `AsyncSession`, and what the session rolls back,
also to a savepoint, it forgets.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, MetaData, Table, inspect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session, registry, scoped_session

from taskhub.config.urls import mask_url
from taskhub.exceptions import TransactionError
from taskhub.transactions.caller import CallerTransaction
from taskhub.transactions.row import OutboxRow
from taskhub.transactions.table import TableName, missing_table, outbox_table

__all__ = ("recognize",)

#: Engine -> the tables that its database is known to have.
_known: WeakKeyDictionary[Engine, set[TableName]] = WeakKeyDictionary()


def recognize(value: Any, table: TableName) -> CallerTransaction | None:
    """Return the transaction that an object of SQLAlchemy's stands for; None: it is none."""
    if isinstance(value, scoped_session):
        value = value()
    if isinstance(value, Session):
        return _InSession(value, table)
    if isinstance(value, Connection):
        return _InConnection(value, table)
    # Only who has one has imported that.
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

    if isinstance(value, async_scoped_session):
        value = value()
    if isinstance(value, AsyncSession):
        return _InAsyncSession(value, table)
    if isinstance(value, AsyncConnection):
        return _InAsyncConnection(value, table)
    return None


class _InSession(CallerTransaction):
    """A session, which writes rows when it is flushed."""

    def __init__(self, session: Session, table: TableName) -> None:
        super().__init__(table)
        self._session = session

    def check(self) -> None:
        self._check_state()
        with _explained():
            _check_table(self._session.connection(_argument(self.table)), self.table)

    def _check_state(self) -> None:
        """Raise what is wrong with the session, without asking the database."""
        session = self._session
        if not session.is_active and session.in_transaction():
            raise TransactionError(
                "the transaction of the session has failed: roll it back before the call"
            )
        if not session.in_transaction() and not session.autobegin:
            raise TransactionError(
                "the session is not in a transaction, and has autobegin=False: call session.begin()"
            )
        with _explained():
            bind = session.get_bind(mapper=_row_class(self.table))
        _refuse_autocommit(bind)

    def write(self, row: OutboxRow) -> None:
        self.check()
        self._add(row)

    def _add(self, row: OutboxRow) -> None:
        with _explained():
            self._session.add(_row_class(self.table)(**row.values()))


class _InAsyncSession(_InSession):
    """A session whose database is asked when it is flushed, or in `async with`."""

    def __init__(self, session: Any, table: TableName) -> None:
        super().__init__(session.sync_session, table)
        self._async_session = session

    def check(self) -> None:
        self._check_state()

    async def acheck(self) -> None:
        self._check_state()
        with _explained():
            connection = await self._async_session.connection(
                bind_arguments={"mapper": _row_class(self.table)}
            )
            await connection.run_sync(_check_table, self.table)


class _InConnection(CallerTransaction):
    """A connection, on which rows are inserted at once."""

    def __init__(self, connection: Connection, table: TableName) -> None:
        super().__init__(table)
        self._connection = connection

    def check(self) -> None:
        if self._connection.closed:
            raise TransactionError("the connection is closed: there is no transaction to write to")
        _refuse_autocommit(self._connection)
        with _explained():
            _check_table(self._connection, self.table)

    def write(self, row: OutboxRow) -> None:
        self.check()
        with _explained():
            self._connection.execute(_table(self.table).insert(), [row.values()])


class _InAsyncConnection(CallerTransaction):
    """A connection whose statements are awaited."""

    is_awaited = True

    def __init__(self, connection: Any, table: TableName) -> None:
        super().__init__(table)
        self._connection = connection

    def write(self, row: OutboxRow) -> None:
        raise TransactionError(
            "an AsyncConnection must be awaited: use `async with app.transaction(connection):` or "
            "`await task.adelay_in(connection, ...)`"
        )

    async def acheck(self) -> None:
        await self._connection.run_sync(self._run, ())

    async def awrite(self, rows: Sequence[OutboxRow]) -> None:
        await self._connection.run_sync(self._run, rows)

    def _run(self, connection: Connection, rows: Sequence[OutboxRow]) -> None:
        here = _InConnection(connection, self.table)
        here.check()
        for row in rows:
            here.write(row)


class _explained:  # noqa: N801 - a context manager that is called like a function
    """Turn an error of SQLAlchemy's use into one that says what it was for."""

    def __enter__(self) -> None:
        """Nothing is needed."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError):
            raise TransactionError(
                f"the call cannot be written in this transaction: {error}"
            ) from error


def _argument(table: TableName) -> dict[str, Any]:
    return {"mapper": _row_class(table)}


def _refuse_autocommit(bind: Any) -> None:
    """Refuse a connection, or an engine, that commits each statement by itself."""
    level = bind.get_execution_options().get("isolation_level")
    if level is None:
        level = getattr(bind.dialect, "_on_connect_isolation_level", None)
    if str(level).upper() == "AUTOCOMMIT":
        raise TransactionError(
            "the connection is not in a transaction (isolation_level AUTOCOMMIT): the call would "
            "be sent whatever becomes of the data; leave the isolation level out, or call .delay()"
        )


def _check_table(connection: Connection, table: TableName) -> None:
    """Refuse a database without the table; asked once for each engine."""
    known = _known.setdefault(connection.engine, set())
    if table in known:
        return
    if not inspect(connection).has_table(table.name, schema=table.schema):
        where = mask_url(connection.engine.url.render_as_string())
        raise missing_table(table, where)
    known.add(table)


@cache
def _table(table: TableName) -> Table:
    return outbox_table(MetaData(), table.name, schema=table.schema)


@cache
def _row_class(table: TableName) -> type[Any]:
    """Return the class of objects that a session writes as rows."""
    mapped = type("OutboxRow", (), {"__module__": __name__})
    registry().map_imperatively(mapped, _table(table))
    return mapped
