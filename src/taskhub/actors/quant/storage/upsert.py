"""Writes many rows at once, new or changed, in each server's own way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

__all__ = ("upsert",)

#: Rows in one statement, or one call of the driver: what is held in memory.
PAGE = 5000


def upsert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    """Insert rows; those whose key exists get the other columns instead.

    Args:
        connection: In a transaction.
        table: The table, with a primary key of values that rows bring.
        columns: Names, in the order of the values in rows; those that are not named stay as
            they are.
        rows: Values, no two with one key. They are read as they are written.
    """
    write = {"sqlite": _into_sqlite, "postgresql": _into_postgresql}.get(
        connection.dialect.name, _into_mysql
    )
    page: list[tuple[Any, ...]] = []
    for row in rows:
        page.append(row)
        if len(page) == PAGE:
            write(connection, table, columns, page)
            page = []
    if page:
        write(connection, table, columns, page)


def _changing(table: Table, columns: Sequence[str]) -> list[str]:
    """Return the columns that an existing row gets: all but its key, and when it was first seen."""
    key = {column.name for column in table.primary_key}
    return [name for name in columns if name not in key and name != "first_seen"]


def _into_sqlite(
    connection: Connection, table: Table, columns: Sequence[str], page: list[tuple[Any, ...]]
) -> None:
    statement = sqlite_insert(table)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={name: statement.excluded[name] for name in _changing(table, columns)},
    )
    connection.execute(statement, [dict(zip(columns, row, strict=True)) for row in page])


def _into_postgresql(
    connection: Connection, table: Table, columns: Sequence[str], page: list[tuple[Any, ...]]
) -> None:
    """One statement with one array for each column, however many rows there are."""
    quote = connection.dialect.identifier_preparer.quote
    kinds = [table.c[name].type.compile(connection.dialect) for name in columns]
    arrays = ", ".join(f"%s::{_plain(kind)}[]" for kind in kinds)
    key = ", ".join(quote(column.name) for column in table.primary_key)
    changes = ", ".join(
        f"{quote(name)} = excluded.{quote(name)}" for name in _changing(table, columns)
    )
    connection.exec_driver_sql(
        f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, columns))}) "
        f"SELECT * FROM unnest({arrays}) ON CONFLICT ({key}) DO UPDATE SET {changes}",
        tuple(
            list(values) for values in zip(*_bound(connection, table, columns, page), strict=True)
        ),
    )


def _plain(kind: str) -> str:
    # An array's element has no length.
    return "TEXT" if kind.startswith("VARCHAR") else kind


def _into_mysql(
    connection: Connection, table: Table, columns: Sequence[str], page: list[tuple[Any, ...]]
) -> None:
    """Build MySQL's and MariaDB's upsert; the driver sends many rows in one statement."""
    quote = connection.dialect.identifier_preparer.quote
    values = ", ".join(["%s"] * len(columns))
    changes = ", ".join(
        f"{quote(name)} = VALUES({quote(name)})" for name in _changing(table, columns)
    )
    connection.exec_driver_sql(
        f"INSERT INTO {quote(table.name)} ({', '.join(map(quote, columns))}) VALUES ({values}) "
        f"ON DUPLICATE KEY UPDATE {changes}",
        list(_bound(connection, table, columns, page)),
    )


def _bound(
    connection: Connection, table: Table, columns: Sequence[str], page: list[tuple[Any, ...]]
) -> Iterable[tuple[Any, ...]]:
    """Return rows as the driver takes them."""
    makers = [
        table.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        for name in columns
    ]
    if not any(makers):
        return page
    return [
        tuple(
            value if maker is None else maker(value)
            for maker, value in zip(makers, row, strict=True)
        )
        for row in page
    ]
