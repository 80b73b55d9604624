"""Writes and reads K-lines, however many, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby, islice
from typing import Any, cast

from sqlalchemy import Connection, Table, func, select

from taskhub.actors.quant.records import Bar
from taskhub.actors.quant.storage.changes import compare
from taskhub.actors.quant.storage.models import KLine
from taskhub.actors.quant.storage.stock_list import Counts
from taskhub.actors.quant.storage.upsert import PAGE, upsert

__all__ = ("last_day", "pages", "read_bars", "write_page")

TABLE = cast("Table", KLine.__table__)
_KEY = ("code", "adjust", "day")
_FIELDS = Bar._fields[len(_KEY) :]


def pages(bars: Iterable[Bar]) -> Iterator[list[Bar]]:
    """Yield pages of what is to be written, each a transaction."""
    rest = iter(bars)
    while page := list(islice(rest, PAGE)):
        yield page


def write_page(connection: Connection, page: list[Bar]) -> Counts:
    """Write a page of bars, those of one stock together; unchanged ones are left alone."""
    present: dict[tuple[Any, ...], tuple[Any, ...] | None] = {}
    for (code, adjust), bars in groupby(page, key=lambda bar: (bar.code, bar.adjust)):
        days = [bar.day for bar in bars]
        present.update(_between(connection, code, adjust, min(days), max(days)))
    received = {bar[: len(_KEY)]: bar[len(_KEY) :] for bar in page}
    changes = compare(present, received.items())
    rows = ((*key, *values) for key, values in (*changes.new, *changes.changed))
    upsert(connection, TABLE, (*_KEY, *_FIELDS), rows)
    return Counts(len(received), len(changes.new), len(changes.changed), changes.unchanged, 0)


def _between(
    connection: Connection, code: str, adjust: str, start: date, end: date
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    columns = [TABLE.c[name] for name in _FIELDS]
    found = connection.execute(
        select(TABLE.c.day, *columns).where(
            TABLE.c.code == code, TABLE.c.adjust == adjust, TABLE.c.day.between(start, end)
        )
    )
    return {(code, adjust, row[0]): tuple(row[1:]) for row in found}


def last_day(connection: Connection, code: str, adjust: str) -> date | None:
    """Return the latest day that is kept of a stock."""
    query = select(func.max(TABLE.c.day)).where(TABLE.c.code == code, TABLE.c.adjust == adjust)
    day: date | None = connection.execute(query).scalar_one()
    return day


def read_bars(
    connection: Connection, code: str, adjust: str, limit: int, until: date | None
) -> list[Bar]:
    """Return the latest bars of a stock, at most `limit` up to a day, in order."""
    columns = [TABLE.c[name] for name in Bar._fields]
    query = select(*columns).where(TABLE.c.code == code, TABLE.c.adjust == adjust)
    if until is not None:
        query = query.where(TABLE.c.day <= until)
    found = connection.execute(query.order_by(TABLE.c.day.desc()).limit(limit))
    return [Bar(*row) for row in reversed(found.all())]
