"""The page of the audit log, its filter, and the log as a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from taskhub.web.conditions import Condition, like
from taskhub.web.filter_parser import FilterError, parse_filter
from taskhub.web.filters import Filter
from taskhub.web.queries.audit_log import AuditEntry
from taskhub.web.queries.cursors import page_cursors, read_cursor
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.tasks import describe_filter
from taskhub.web.queries.times import iso_now

__all__ = ("AUDIT_KEYS", "export_audit", "list_audit")

#: Keys of the audit log's filter.
AUDIT_KEYS: Final[Mapping[str, str]] = {
    "by": "who did it",
    "did": "action, or part of it: retry, queues.pause, denied",
    "on": "queue, node, entry, id, or part of it",
    "from": "dashboard, api, command_line, or an address",
    "since": "2h, 3d, 14:05, 2026-11-30",
    "until": "2h, 3d, 14:05, 2026-11-30",
}
PAGE: Final = 500
#: Entries of a file.
MOST_EXPORTED: Final = 100_000
_COLUMNS: Final = (
    "at", "who", "role", "action", "denied", "kind", "subject", "task", "how", "done", "matched",
    "source", "address",
)  # fmt: skip


def list_audit(
    store: StoreView, *, text: str = "", limit: int = 50, cursor: str | None = None
) -> dict[str, Any]:
    """Return a page of the audit log, the newest first.

    Raises:
        FilterError: The filter cannot be understood.
    """
    wanted = _read(store, text)
    offset = read_cursor(cursor)
    found = list(islice(_matching(store, wanted), offset, offset + limit + 1))
    return {
        "at": iso_now(),
        "filter": describe_filter(wanted),
        "total": store.audit.count(),
        "matched": None if wanted.conditions else store.audit.count(),
        "items": [entry.to_json() for entry in found[:limit]],
        "next": page_cursors(offset, limit, len(found) > limit)["next"],
        "limit": store.audit.limit,
        "expires": store.audit.expires,
    }


def export_audit(store: StoreView, *, text: str = "", format: str = "csv") -> str:
    """Return the entries that match as CSV or as lines of JSON.

    Raises:
        FilterError: The filter cannot be understood.
    """
    entries = islice(_matching(store, _read(store, text)), MOST_EXPORTED)
    if format == "ndjson":
        return "".join(f"{json.dumps(entry.to_json(), ensure_ascii=False)}\n" for entry in entries)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(_COLUMNS)
    for entry in entries:
        fields = entry.to_json()
        subject = fields["subject"]
        row = {
            **fields,
            "kind": subject["kind"],
            "subject": subject["name"],
            "task": subject["task"],
        }
        writer.writerow([_cell(row[name]) for name in _COLUMNS])
    return file.getvalue()


def _read(store: StoreView, text: str) -> Filter:
    try:
        return parse_filter(text, now=datetime.now(UTC), zone=store.app.timezone, keys=AUDIT_KEYS)
    except FilterError as error:
        raise FilterError(str(error)) from None


def _matching(store: StoreView, wanted: Filter) -> Iterator[AuditEntry]:
    offset = 0
    while page := store.audit.page(offset, PAGE):
        yield from (entry for entry in page if _matches(entry, wanted))
        offset += len(page)


def _matches(entry: AuditEntry, wanted: Filter) -> bool:
    if wanted.since is not None and entry.at < wanted.since:
        return False
    if wanted.until is not None and entry.at > wanted.until:
        return False
    return all(
        _holds(condition, entry) != condition.negated
        for condition in wanted.conditions
        if condition.key not in ("since", "until")
    )


def _holds(condition: Condition, entry: AuditEntry) -> bool:
    value = condition.value.lower()
    action = f"{entry.action} denied" if entry.denied else entry.action
    texts = {
        "by": (entry.who,),
        "did": (action,),
        "on": (entry.name, entry.task or ""),
        "from": (entry.source, entry.address or ""),
        "": (entry.who, action, entry.name, entry.task or "", entry.how),
    }[condition.key]
    if condition.key in ("by", "from"):
        return any(like(each.lower(), value) for each in texts)
    return any(value in each.lower() or like(each.lower(), value) for each in texts)


def _cell(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return "" if value is None else value
