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

from sqlalchemy import Column, Connection, Engine, MetaData, Table, inspect, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session, registry, scoped_session

from taskhub.config.urls import mask_url
from taskhub.exceptions import TransactionError
from taskhub.transactions.caller import CallerTransaction
from taskhub.transactions.destination import Destination, Question, answer, find_table
from taskhub.transactions.row import COLUMNS, OutboxRow
from taskhub.transactions.table import TableName, missing_table, outbox_table

__all__ = ("recognize",)

#: Engine -> where calls are written.
_known: WeakKeyDictionary[Engine, dict[Destination, TableName]] = WeakKeyDictionary()


def recognize(value: Any, destination: Destination) -> CallerTransaction | None:
    """Return the transaction that an object of SQLAlchemy's stands for; None: it is none."""
    if isinstance(value, scoped_session):
        value = value()
    if isinstance(value, Session):
        return _InSession(value, destination)
    if isinstance(value, Connection):
        return _InConnection(value, destination)
    # Only who has one has imported that.
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

    if isinstance(value, async_scoped_session):
        value = value()
    if isinstance(value, AsyncSession):
        return _InAsyncSession(value, destination)
    if isinstance(value, AsyncConnection):
        return _InAsyncConnection(value, destination)
    return None


class _InSession(CallerTransaction):
    """A session, which writes rows when it is flushed."""

    def __init__(self, session: Session, destination: Destination) -> None:
        super().__init__(destination)
        self._session = session

    def check(self) -> None:
        self._check_state()
        with _explained():
            connection = self._session.connection(_argument(self.destination.outbox))
            # It may have options of its own.
            _refuse_autocommit(connection)
            _find_table(connection, self.destination)

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
            bind = self._bind()
        _refuse_autocommit(bind)

    def _bind(self) -> Any:
        return self._session.get_bind(mapper=_row_class(self.destination.outbox))

    def _table(self) -> TableName:
        """Return where calls are written, without asking the database."""
        bind, store = self._bind(), self.destination.store
        found = _known.get(bind.engine, {}).get(self.destination)
        if found is None and store is not None:
            url = bind.engine.url
            if store.is_named_by(url.host, url.port, url.database):
                return store.table
        return found or self.destination.outbox

    def write(self, row: OutboxRow) -> None:
        self.check()
        self._add(row)

    def _add(self, row: OutboxRow) -> None:
        with _explained():
            self._session.add(_row_class(self._table())(**row.values()))


class _InAsyncSession(_InSession):
    """A session whose database is asked when it is flushed, or in `async with`."""

    def __init__(self, session: Any, destination: Destination) -> None:
        super().__init__(session.sync_session, destination)
        self._async_session = session

    def check(self) -> None:
        self._check_state()

    async def acheck(self) -> None:
        self._check_state()
        with _explained():
            connection = await self._async_session.connection(
                bind_arguments={"mapper": _row_class(self.destination.outbox)}
            )
            await connection.run_sync(_refuse_autocommit)
            await connection.run_sync(_find_table, self.destination)


class _InConnection(CallerTransaction):
    """A connection, on which rows are inserted at once."""

    def __init__(self, connection: Connection, destination: Destination) -> None:
        super().__init__(destination)
        self._connection = connection

    def check(self) -> None:
        if self._connection.closed:
            raise TransactionError("the connection is closed: there is no transaction to write to")
        _refuse_autocommit(self._connection)
        with _explained():
            _find_table(self._connection, self.destination)

    def write(self, row: OutboxRow) -> None:
        self.check()
        with _explained():
            table = _find_table(self._connection, self.destination)
            self._connection.execute(_table(table).insert(), [row.values()])


class _InAsyncConnection(CallerTransaction):
    """A connection whose statements are awaited."""

    is_awaited = True

    def __init__(self, connection: Any, destination: Destination) -> None:
        super().__init__(destination)
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
        here = _InConnection(connection, self.destination)
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


def _find_table(connection: Connection, destination: Destination) -> TableName:
    """Return where calls are written; looked for once for each engine.

    Raises:
        ImproperlyConfigured: The database has no such table.
    """
    known = _known.setdefault(connection.engine, {})
    if destination not in known:
        known[destination] = _query_table(connection, destination)
    return known[destination]


def _query_table(connection: Connection, destination: Destination) -> TableName:
    if connection.dialect.name == "postgresql":

        def query(question: Question) -> Any:
            named = {f"p{number}": value for number, value in enumerate(question.parameters)}
            statement = text(question.statement.replace("%s", ":p0"))
            return connection.execute(statement, named).scalar()

        found = answer(find_table(destination), query)
        if found is not None:
            return found
    outbox = destination.outbox
    if not inspect(connection).has_table(outbox.name, schema=outbox.schema):
        where = mask_url(connection.engine.url.render_as_string())
        raise missing_table(outbox, where)
    return outbox


@cache
def _table(table: TableName) -> Table:
    """Return a table as rows are inserted; of their columns nothing is the database's to give."""
    columns = outbox_table(MetaData(), table.name, schema=table.schema).columns
    own = [Column(name, columns[name].type, primary_key=name == "row_id") for name in COLUMNS]
    return Table(table.name, MetaData(), *own, schema=table.schema)


@cache
def _row_class(table: TableName) -> type[Any]:
    """Return the class of objects that a session writes as rows."""
    mapped = type("OutboxRow", (), {"__module__": __name__})
    registry().map_imperatively(mapped, _table(table))
    return mapped
