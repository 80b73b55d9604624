"""An outbox in a database that SQLAlchemy reads."""

from __future__ import annotations

import uuid
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from taskhub.config.database_url import with_driver
from taskhub.config.urls import mask_url
from taskhub.exceptions import ImproperlyConfigured
from taskhub.transactions.source import Backlog, OutboxSource, SourceError, StoredRow
from taskhub.transactions.table import TableName, import_sqlalchemy, missing_table, outbox_table

__all__ = ("SQLAlchemySource",)


class SQLAlchemySource(OutboxSource):
    """The outbox table of a database, read by SQLAlchemy.

    Args:
        url: SQLAlchemy's URL.
        table: The table.
        namespace: Whose rows.
        options: Of SQLAlchemy's engine.

    Raises:
        ImproperlyConfigured: SQLAlchemy or the driver is missing, or the URL cannot be used.
    """

    def __init__(self, url: str, table: TableName, namespace: str, options: dict[str, Any]) -> None:
        super().__init__(table, namespace)
        self.address = mask_url(url)
        self._sql: Any = import_sqlalchemy(f"outbox_url {self.address}")
        try:
            self._engine = self._sql.create_engine(with_driver(url), pool_pre_ping=True, **options)
        except (self._sql.exc.ArgumentError, ImportError) as error:
            raise ImproperlyConfigured(
                f"outbox_url: {self.address} cannot be used: {error}"
            ) from error
        if self._engine.dialect.name != "sqlite":
            # So that what is deleted locks nothing beside it.
            self._engine = self._engine.execution_options(isolation_level="READ COMMITTED")
        self._table: Any = outbox_table(self._sql.MetaData(), table.name, schema=table.schema)

    def outbox_id(self) -> str:
        table, sql = self._table, self._sql
        wanted = sql.select(table.c.payload).where(table.c.row_id == self.marker)
        with self._begin() as connection:
            found: str | None = connection.execute(wanted).scalar()
        if found is not None:
            return found
        values = {
            "row_id": self.marker,
            "namespace": self.namespace,
            "task_id": "",
            "task": "",
            "messages": 0,
            "payload": uuid.uuid4().hex,
            "created_at": datetime.now(UTC),
        }
        try:
            with self._begin() as connection:
                connection.execute(table.insert().values(values))
        except SourceError as error:
            if not isinstance(error.__cause__, sql.exc.IntegrityError):
                raise
            # Another relay has made it at the same time.
        with self._begin() as connection:
            return str(connection.execute(wanted).scalar_one())

    def read(self, limit: int) -> list[StoredRow]:
        table, sql = self._table, self._sql
        rows = sql.select(table.c.sequence, table.c.row_id, table.c.payload)
        rows = rows.where(*self._waiting()).order_by(table.c.sequence).limit(limit)
        with self._begin() as connection:
            return [StoredRow(*row) for row in connection.execute(rows)]

    def delete(self, row_ids: Sequence[str]) -> None:
        table = self._table
        with self._begin() as connection:
            connection.execute(table.delete().where(table.c.row_id.in_(row_ids)))

    def refuse(self, row_id: str, error: str) -> None:
        table = self._table
        with self._begin() as connection:
            connection.execute(table.update().where(table.c.row_id == row_id).values(error=error))

    def backlog(self) -> Backlog:
        table, sql = self._table, self._sql
        count = sql.func.count()
        waiting = sql.select(count, sql.func.min(table.c.created_at)).where(*self._waiting())
        refused = sql.select(count).where(
            table.c.namespace == self.namespace, table.c.messages > 0, table.c.error.is_not(None)
        )
        with self._begin() as connection:
            number, oldest = connection.execute(waiting).one()
            given_up = connection.execute(refused).scalar_one()
        age = None
        if oldest is not None:
            oldest = oldest if oldest.tzinfo else oldest.replace(tzinfo=UTC)
            age = max(0.0, (datetime.now(UTC) - oldest).total_seconds())
        return Backlog(number, age, given_up)

    def create_table(self) -> bool:
        with self._translated(), self._engine.begin() as connection:
            has = self._sql.inspect(connection).has_table(self.table.name, schema=self.table.schema)
            if not has:
                self._table.create(connection)
            return not has

    def close(self) -> None:
        self._engine.dispose()

    def _waiting(self) -> tuple[Any, ...]:
        table = self._table
        return (
            table.c.namespace == self.namespace,
            table.c.messages > 0,
            table.c.error.is_(None),
        )

    @contextmanager
    def _begin(self) -> Generator[Any]:
        """Give a connection in a transaction, which is committed at the end."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except self._sql.exc.SQLAlchemyError as error:
            if isinstance(error, self._sql.exc.ProgrammingError | self._sql.exc.OperationalError):
                self._refuse_missing_table(error)
            raise SourceError(f"{self.address}: {_first_line(error)}") from error

    def _refuse_missing_table(self, error: Exception) -> None:
        sql = self._sql
        try:
            if sql.inspect(self._engine).has_table(self.table.name, schema=self.table.schema):
                return
        except sql.exc.SQLAlchemyError:
            # Out of reach.
            return
        raise missing_table(self.table, self.address) from error


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().partition("\n")[0]
