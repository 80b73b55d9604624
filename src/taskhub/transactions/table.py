"""The outbox table: its name, its columns, and how programs with SQLAlchemy declare it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskhub.exceptions import ImproperlyConfigured
from taskhub.transactions.row import NAME_LENGTH

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

__all__ = ("DEFAULT_NAME", "TableName", "outbox_table", "read_name")

DEFAULT_NAME: Final = "taskhub_outbox"


class TableName(NamedTuple):
    """The name of a table."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return self.name if self.schema is None else f"{self.schema}.{self.name}"

    def quoted(self, quote: str = '"') -> str:
        """Return it as a part of a statement."""
        parts = (self.name,) if self.schema is None else (self.schema, self.name)
        return ".".join(f"{quote}{part}{quote}" for part in parts)


def read_name(text: str) -> TableName:
    """Return the name of a table that a setting gives, as `table` or `schema.table`."""
    schema, _, name = text.rpartition(".")
    return TableName(schema or None, name)


def outbox_table(
    metadata: MetaData, name: str = DEFAULT_NAME, *, schema: str | None = None
) -> Table:
    """Return the outbox table as a part of a program's metadata, for `create_all` and Alembic.

    Args:
        metadata: The program's `sqlalchemy.MetaData`.
        name: The name of the table, as the setting `outbox_table` has it.
        schema: Its schema; None: the default one.
    """
    sql: Any = import_sqlalchemy("the outbox table")
    mysql: Any = import_module("sqlalchemy.dialects.mysql")
    number = sql.BigInteger().with_variant(sql.Integer(), "sqlite")
    text = sql.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
    table: Table = sql.Table(
        name,
        metadata,
        sql.Column("sequence", number, primary_key=True, autoincrement=True),
        sql.Column("row_id", sql.String(100), nullable=False, unique=True),
        sql.Column("namespace", sql.String(NAME_LENGTH), nullable=False),
        sql.Column("task_id", sql.String(NAME_LENGTH), nullable=False),
        sql.Column("task", sql.String(NAME_LENGTH), nullable=False),
        sql.Column("messages", sql.Integer(), nullable=False),
        sql.Column("payload", text, nullable=False),
        sql.Column("created_at", sql.DateTime(timezone=True), nullable=False),
        sql.Column("error", text, nullable=True),
        schema=schema,
        sqlite_autoincrement=True,
    )
    return table


def import_sqlalchemy(what: str) -> Any:
    """Return SQLAlchemy.

    Args:
        what: What needs it.

    Raises:
        ImproperlyConfigured: It is not installed.
    """
    try:
        return import_module("sqlalchemy")
    except ImportError:
        raise ImproperlyConfigured(
            f"{what} needs SQLAlchemy: pip install 'taskhub-core[sql]'"
        ) from None


def missing_table(name: TableName, where: str) -> ImproperlyConfigured:
    """Return the error of a database without the table.

    Args:
        name: The table.
        where: The database, without its password.
    """
    return ImproperlyConfigured(
        f"{where} has no table {name}, in which calls wait for their transaction: create it with "
        "`manage.py migrate` (taskhub.contrib.django), a migration with "
        "taskhub.transactions.outbox_table, or `taskhub relay --create-table`"
    )
