"""Reads the table that a source answered with into plain rows, by a table of its columns."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, NamedTuple

from taskhub.actors.quant.exceptions import SourceSchemaError
from taskhub.actors.quant.source.columns import Column, ColumnTable

__all__ = ("Rows", "read_frame")

logger = logging.getLogger("taskhub.actors.quant")


class Rows(NamedTuple):
    """What was read.

    Args:
        rows: Values by our names of the fields.
        fields: The fields that the answer had.
        warnings: What was odd.
    """

    rows: list[dict[str, Any]]
    fields: frozenset[str]
    warnings: tuple[str, ...]


def read_frame(frame: Any, table: ColumnTable) -> Rows:
    """Read a pandas frame.

    Raises:
        SourceSchemaError: A column that is required is missing, or holds what can't be read.
    """
    present = [str(name) for name in frame.columns]
    missing = [
        column.theirs
        for column in table.columns
        if column.required and column.theirs not in present
    ]
    if missing:
        raise SourceSchemaError(
            f"{table.function} has no column {', '.join(missing)} (it has "
            f"{', '.join(present) or 'none'}): install a newer akshare, or report it to taskhub"
        )
    used = [column for column in table.columns if column.theirs in present]
    warnings = _warnings(table, present)
    columns = {column.ours: _values(frame[column.theirs], column, table) for column in used}
    names = list(columns)
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return Rows(rows, frozenset(names), warnings)


def _warnings(table: ColumnTable, present: list[str]) -> tuple[str, ...]:
    known = {column.theirs for column in table.columns} | table.ignored
    unknown = [name for name in present if name not in known]
    absent = [column.theirs for column in table.columns if column.theirs not in present]
    warnings = []
    if unknown:
        warnings.append(f"{table.function} has unknown columns: {', '.join(unknown)}")
    if absent:
        warnings.append(f"{table.function} lacks columns: {', '.join(absent)}")
    for text in warnings:
        logger.warning("%s", text)
    return tuple(warnings)


def _values(series: Any, column: Column, table: ColumnTable) -> list[Any]:
    read: Callable[[Any], Any] = {"text": _text, "number": _number, "count": _number, "day": _day}[
        column.kind
    ]
    try:
        values: list[Any] = [read(value) for value in series.tolist()]
    except ValueError as error:
        raise SourceSchemaError(
            f"{table.function}: the column {column.theirs} can't be read ({error}): "
            "install a newer akshare, or report it to taskhub"
        ) from error
    if column.kind == "count":
        return [None if value is None else round(value * column.factor) for value in values]
    if column.factor != 1:
        return [None if value is None else value * column.factor for value in values]
    return values


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    text = str(value).strip()
    return None if text in ("", "-") else text


def _number(value: Any) -> float | None:
    """Return a number; None for what sources write where they have none."""
    if value is None or value in ("", "-", "--"):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    return date.fromisoformat(str(value)[:10])
