"""Cursors of pages: opaque texts that say where a page begins."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from taskhub.web.problem import Problem

__all__ = ("page_cursors", "read_cursor", "read_task_cursor", "write_cursor")


def write_cursor(offset: int, tab: str = "", after: tuple[int, str] | None = None) -> str:
    """Return the cursor of the page that begins behind so many rows.

    Args:
        offset: How many rows stand before it.
        tab: For tasks: the tab in which it begins, where it begins behind a task that has ended.
        after: That task: when it ended (ms since the epoch), and its id.
    """
    value: dict[str, Any] = {"o": offset}
    if after is not None:
        value |= {"t": tab, "a": list(after)}
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def read_task_cursor(cursor: str | None) -> tuple[int, str, tuple[int, str] | None]:
    """Return offset, tab and task of a cursor, as `write_cursor` takes them.

    Raises:
        Problem: The cursor is none.
    """
    offset = read_cursor(cursor)
    value = _read(cursor or "") or {}
    after, tab = value.get("a"), value.get("t")
    if after is None:
        return offset, "", None
    if (
        isinstance(tab, str)
        and isinstance(after, list)
        and len(after) == 2
        and type(after[0]) is int
        and 0 <= after[0] < 2**53
        and isinstance(after[1], str)
    ):
        return offset, tab, (after[0], after[1])
    raise _wrong()


def read_cursor(cursor: str | None) -> int:
    """Return behind how many rows a page begins.

    Raises:
        Problem: The cursor is none.
    """
    if not cursor:
        return 0
    offset = (_read(cursor) or {}).get("o")
    if type(offset) is not int or not 0 <= offset < 2**53:
        raise _wrong()
    return offset


def _read(cursor: str) -> dict[str, Any] | None:
    try:
        value = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _wrong() -> Problem:
    return Problem(
        "bad_cursor", "the cursor is none of this API: take one from `next` or `previous`"
    )


def page_cursors(offset: int, limit: int, has_more: bool) -> dict[str, str | None]:
    """Return the cursors of the pages after and before one."""
    return {
        "next": write_cursor(offset + limit) if has_more else None,
        "previous": write_cursor(max(0, offset - limit)) if offset else None,
    }
