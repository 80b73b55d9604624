"""Brings what a source lists into its table; what it lists no longer is marked, not deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, and_, select, tuple_, update

from taskhub.actors.quant.storage.changes import Key, compare
from taskhub.actors.quant.storage.upsert import upsert

__all__ = ("Counts", "Listing", "write_listing")

#: Keys named in one statement; servers take only so many parameters.
_KEYS_AT_ONCE = 200


class Counts(NamedTuple):
    """What became of the rows of an answer."""

    received: int
    inserted: int
    updated: int
    unchanged: int
    removed: int


class Listing(NamedTuple):
    """What a source lists.

    Args:
        table: Where it is kept.
        scope: The part of the table that the source was asked for, by values of columns.
        fields: The columns that the source fills, its key not among them.
        rows: Values with these attributes.
        complete: Whether what is missing has gone.
    """

    table: Table
    scope: Mapping[str, Any]
    fields: Sequence[str]
    rows: Iterable[Any]
    complete: bool


def write_listing(
    connection: Connection, listing: Listing, now: datetime, check: Callable[[int, int], None]
) -> Counts:
    """Write a listing in one transaction, the caller's.

    Args:
        connection: In a transaction that will write.
        listing: What to write.
        now: When.
        check: Called with the numbers of rows received and present before anything is written;
            it may raise.
    """
    table, scope, fields, rows, complete = listing
    key = [column.name for column in table.primary_key]
    received = {
        tuple(getattr(row, name) for name in key): tuple(getattr(row, name) for name in fields)
        for row in rows
    }
    present = _present(connection, table, key, scope, fields)
    check(len(received), sum(values is not None for values in present.values()))
    changes = compare(present, received.items())
    columns = [*key, *fields, "first_seen", "updated_at", "removed_at"]
    written = [*changes.new, *changes.changed]
    upsert(connection, table, columns, ((*k, *values, now, now, None) for k, values in written))
    gone = changes.gone if complete else []
    _mark_removed(connection, table, key, gone, now)
    return Counts(
        len(received), len(changes.new), len(changes.changed), changes.unchanged, len(gone)
    )


def _present(
    connection: Connection,
    table: Table,
    key: Sequence[str],
    scope: Mapping[str, Any],
    fields: Sequence[str],
) -> dict[Key, tuple[Any, ...] | None]:
    columns = [table.c[name] for name in (*key, *fields)]
    where = and_(True, *(table.c[name] == value for name, value in scope.items()))
    found = connection.execute(select(table.c.removed_at, *columns).where(where))
    width = 1 + len(key)
    return {
        tuple(row[1:width]): None if row[0] is not None else tuple(row[width:]) for row in found
    }


def _mark_removed(
    connection: Connection, table: Table, key: Sequence[str], gone: Sequence[Key], now: datetime
) -> None:
    columns = [table.c[name] for name in key]
    for start in range(0, len(gone), _KEYS_AT_ONCE):
        page = gone[start : start + _KEYS_AT_ONCE]
        connection.execute(
            update(table)
            .where(tuple_(*columns).in_(page), table.c.removed_at.is_(None))
            .values(removed_at=now, updated_at=now)
        )
