"""The page of tasks: tabs with counts, rows, groups of failures, completion of the filter."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import islice
from operator import itemgetter
from typing import Any, Final

from taskhub.web.conditions import KEYS, STATES, Condition
from taskhub.web.filter_parser import FilterError, parse_filter
from taskhub.web.filters import Filter
from taskhub.web.problem import Problem
from taskhub.web.queries.budget import Budget, Position
from taskhub.web.queries.cursors import (
    page_cursors,
    read_cursor,
    read_task_cursor,
    write_cursor,
)
from taskhub.web.queries.ended_tasks import STATES_OF, position_of
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.task_search import MOST_SCANNED, TABS, TaskSearch
from taskhub.web.queries.times import iso, iso_now

__all__ = ("group_tasks", "list_tasks", "read_filter", "suggest")

#: Values that completion offers.
MOST_VALUES: Final = 10
#: Bins of the small charts of groups.
BINS: Final = 24
#: For how long tasks are looked at to be sorted, to be grouped, and for a hint, seconds.
SORTING: Final = 0.06
GROUPING: Final = 0.06
HINTING: Final = 0.03
_SORTS: Final[Mapping[str, Callable[[TaskRecord], Any]]] = {
    "waited": lambda record: record.waited,
    "ran": lambda record: record.ran,
    "sent": lambda record: record.sent_at,
    "task": lambda record: record.task,
    "ended": lambda record: record.ended_at,
}


def read_filter(store: StoreView, text: str, *, hidden: bool) -> Filter:
    """Return the filter that a text stands for, in the app's time zone.

    Raises:
        FilterError: It stands for none.
    """
    return parse_filter(text, now=datetime.now(UTC), zone=store.app.timezone, hidden=hidden)


def describe_filter(wanted: Filter) -> dict[str, Any]:
    """Return a filter as the API writes it."""
    return {
        "text": wanted.text,
        "tokens": [
            {
                "key": each.key, "name": each.name, "value": each.value,
                "negated": each.negated, "text": each.text,
            }
            for each in wanted.conditions
        ],
    }  # fmt: skip


def list_tasks(
    store: StoreView,
    wanted: Filter,
    *,
    state: str = "all",
    sort: str = "ended",
    order: str = "desc",
    limit: int = 50,
    cursor: str | None = None,
    group: str | None = None,
    hidden: bool = False,
) -> dict[str, Any]:
    """Return a page of the tasks that match, and how many there are in each tab."""
    if group is not None:
        wanted = _within_group(wanted, group)
    search = TaskSearch(store, wanted)
    offset, begin, after = read_task_cursor(cursor)
    tabs = TABS if state == "all" else (state,)
    counts = count_states(store, wanted)
    found = {tab: search.count_like(tab, counts[tab]) for tab in tabs}
    total = sum(found.values())
    if sort == "ended" and order == "desc":
        rows, stopped = _in_order(search, found, offset, limit, begin, after)
        at_least = False
    else:
        rows, at_least = _sorted(search, tabs, sort, order, offset, limit)
        stopped = None
    following = None
    if stopped is not None:
        following = write_cursor(offset + len(rows), *stopped)
    elif len(rows) == limit and (counts["at_least"] or offset + limit < total):
        following = _next_cursor(rows, offset, sort, order)
    return {
        "at": iso_now(),
        "filter": describe_filter(wanted),
        "counts": counts,
        "total": total,
        "at_least": at_least,
        "items": [record.to_row(hidden=hidden) for record in rows],
        "next": following,
        "previous": page_cursors(offset, limit, has_more=False)["previous"],
        "first": offset + 1 if rows else 0,
        "hint": None if total else _hint(store, wanted, tabs),
    }


def count_states(store: StoreView, wanted: Filter) -> dict[str, Any]:
    """Return how many tasks match a filter without its state, by state."""
    search = TaskSearch(store, wanted)
    found = {tab: search.count(tab, all_states=True) for tab in TABS}
    counts: dict[str, Any] = {tab: each.count for tab, each in found.items()}
    counts["all"] = sum(counts.values())
    counts["at_least"] = any(each.at_least for each in found.values())
    return counts


def _in_order(
    search: TaskSearch,
    found: Mapping[str, int],
    offset: int,
    limit: int,
    begin: str,
    after: Position | None,
) -> tuple[list[TaskRecord], tuple[str, Position] | None]:
    """Return a page of the tasks that are under way, and then of those that have ended.

    Args:
        search: Finds them.
        found: How many tasks of each tab match.
        offset: How many to pass over.
        limit: How many at most.
        begin: The tab in which the page begins; "": as the offset says.
        after: The ended task behind which it begins.

    Returns:
        The tasks; and the tab and the task at which the search stopped before the page was full.
    """
    rows: list[TaskRecord] = []
    tabs = list(found)
    if after is not None and begin in tabs:
        tabs, offset = tabs[tabs.index(begin) :], 0
    for tab in tabs:
        is_exact = tab not in STATES_OF or search.counts_exactly(tab)
        if tab != begin and is_exact and offset >= found[tab]:
            offset -= found[tab]
            continue
        page, stopped = search.page(tab, offset, limit - len(rows), after if tab == begin else None)
        rows += page
        if stopped is not None:
            return rows, (tab, stopped)
        if len(rows) >= limit:
            break
        # Of a tab that was passed over, its tasks count.
        offset = 0 if page else max(0, offset - found[tab])
    return rows, None


def _next_cursor(rows: Sequence[TaskRecord], offset: int, sort: str, order: str) -> str:
    """Return the cursor of the page behind some rows: behind the last of them, if it has ended."""
    last = rows[-1]
    state = "failed" if last.state == "dead" else last.state
    following = offset + len(rows)
    if state in STATES_OF and (sort, order) == ("ended", "desc"):
        return write_cursor(following, state, position_of(last))
    return write_cursor(following)


def _sorted(
    search: TaskSearch, tabs: Sequence[str], sort: str, order: str, offset: int, limit: int
) -> tuple[list[TaskRecord], bool]:
    """Return a page in another order of the first matching tasks; missing values come last.

    Returns:
        The tasks; and whether others match that there was no time to look at.
    """
    key: Callable[[TaskRecord], Any] = _SORTS[sort]
    until = time.monotonic() + SORTING
    records: list[TaskRecord] = []
    at_least = False
    for place, tab in enumerate(tabs):
        # A backlog takes its part of the time only; what a tab leaves goes to the next ones.
        budget = Budget((until - time.monotonic()) / (len(tabs) - place))
        found = list(islice(search.each(tab, light=True, budget=budget), MOST_SCANNED))
        at_least |= budget.has_stopped or len(found) == MOST_SCANNED
        records += found
    known = [(key(record), record) for record in records if key(record) is not None]
    unknown = [record for record in records if key(record) is None]
    known.sort(key=itemgetter(0), reverse=order == "desc")
    ordered = [*(record for _, record in known), *unknown]
    return ordered[offset : offset + limit], at_least


def _hint(store: StoreView, wanted: Filter, tabs: Sequence[str]) -> dict[str, Any] | None:
    """Return which condition to drop so that something matches; None: no single one."""
    best: dict[str, Any] | None = None
    budget = Budget(HINTING)
    for condition in wanted.conditions:
        if condition.key == "state" or budget.is_exhausted():
            continue
        wider = wanted.without(condition)
        search = TaskSearch(store, wider)
        count = sum(search.count(tab).count for tab in tabs)
        if count and (best is None or count > best["count"]):
            pages = (search.page(tab, 0, 1)[0] for tab in tabs if tab in STATES_OF)
            ended = [each.ended_at for page in pages for each in page]
            best = {
                "without": condition.text,
                "count": count,
                "last_at": iso(max((at for at in ended if at is not None), default=None)),
                "filter": wider.text,
            }
    return best


# -- groups


def group_tasks(
    store: StoreView,
    wanted: Filter,
    *,
    by: str = "task_error",
    rows: int = 8,
    limit: int = 50,
    cursor: str | None = None,
    hidden: bool = False,
) -> dict[str, Any]:
    """Return failures that share task and error, the most frequent first."""
    offset = read_cursor(cursor)
    search = TaskSearch(store, wanted)
    budget = Budget(GROUPING)
    groups: defaultdict[tuple[str | None, str], list[TaskRecord]] = defaultdict(list)
    for record in islice(search.each("failed", light=True, budget=budget), MOST_SCANNED):
        task = record.task if by == "task_error" else None
        groups[task, record.error or "unknown"].append(record)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0][0] or "", item[0][1]))
    ended = [each.ended_at for records in groups.values() for each in records if each.ended_at]
    begin = wanted.since if wanted.since is not None else min(ended, default=0.0)
    end = datetime.now(UTC).timestamp() if wanted.until is None else wanted.until
    step = max(1.0, (end - begin) / BINS)
    page = ordered[offset : offset + limit]
    total = sum(len(records) for records in groups.values())
    shown = [record for _, records in page for record in records[:rows]]
    by_key = {record.key or record.id: record for record in store.ended.with_messages(shown)}
    return {
        "at": iso_now(),
        "filter": describe_filter(wanted),
        "counts": count_states(store, wanted),
        "total": total,
        "at_least": budget.has_stopped or total >= MOST_SCANNED,
        "groups": len(groups),
        "series_start": iso(begin) if ended else None,
        "series_step": round(step, 3),
        "items": [
            _describe_group(task, error, records, by_key, rows, begin, step, hidden)
            for (task, error), records in page
        ],
        "next": write_cursor(offset + limit) if offset + limit < len(ordered) else None,
    }


def _describe_group(
    task: str | None,
    error: str,
    records: Sequence[TaskRecord],
    by_key: Mapping[str, TaskRecord],
    rows: int,
    begin: float,
    step: float,
    hidden: bool,
) -> dict[str, Any]:
    shown = [by_key[record.key or record.id] for record in records[:rows]]
    series = [0] * BINS
    moments = [record.ended_at for record in records if record.ended_at is not None]
    for at in moments:
        series[min(BINS - 1, max(0, int((at - begin) / step)))] += 1
    return {
        "key": _group_key(task, error),
        "task": task,
        "error": error,
        "message": None if hidden else records[0].message,
        "count": len(records),
        "first_at": iso(min(moments, default=begin)),
        "last_at": iso(max(moments, default=begin)),
        "series": series,
        "items": [record.to_row(hidden=hidden) for record in shown],
        "next": write_cursor(len(shown)) if len(records) > len(shown) else None,
    }


def _group_key(task: str | None, error: str) -> str:
    conditions = [] if task is None else [Condition(key="task", value=task)]
    return " ".join(each.text for each in [*conditions, Condition(key="error", value=error)])


def _within_group(wanted: Filter, group: str) -> Filter:
    """Return a filter for the tasks of a group.

    Raises:
        Problem: There can be no such group.
    """
    try:
        inner = parse_filter(group)
    except FilterError as error:
        raise Problem("bad_request", f"group: {error}") from error
    if not inner.only("task", "error") or not inner.conditions:
        raise Problem("bad_request", "group: take the `key` of a group")
    keys = {condition.key for condition in inner.conditions}
    rest = wanted.without(*keys, "state")
    failed = Condition(key="state", value="failed")
    return Filter(
        (*rest.conditions, failed, *inner.conditions), wanted.since, wanted.until, wanted.hidden
    )


# -- completion


def suggest(store: StoreView, text: str, wanted: Filter, *, hidden: bool) -> dict[str, Any]:
    """Return what may stand next in a filter.

    Args:
        store: Reads the store.
        text: The condition that is being written.
        wanted: The rest of the filter.
        hidden: Whether arguments are kept from who asks.
    """
    sign = "-" if text.startswith("-") else ""
    key, colon, typed = text.removeprefix("-").partition(":")
    keys = [name for name in KEYS if not (hidden and name == "args.NAME")]
    values: list[dict[str, Any]] = []
    if colon and key in ("task", "queue", "state", "worker"):
        values = [
            {"text": f"{sign}{Condition(key=key, value=value).text}", "note": note, "count": count}
            for value, note, count in _values(store, key, typed.strip('"'), wanted)
        ]
    begun = [name for name in keys if not colon and name.startswith(key)] or keys
    return {
        "key": key if colon and key in KEYS else None,
        "replace": text,
        "values": values,
        "keys": [
            {"key": f"{sign}{name}:", "example": KEYS[name]}
            for name in (begun if not colon else [each for each in keys if each != key])
        ],
    }


def _values(
    store: StoreView, key: str, typed: str, wanted: Filter
) -> list[tuple[str, dict[str, Any], int | None]]:
    """Return values of a key that go on with what was typed: value, note, count."""
    found: list[tuple[str, dict[str, Any], int | None]] = []
    if key == "state":
        counts = count_states(store, wanted)
        found = [(name, {}, counts.get(name)) for name in STATES]
    elif key == "queue":
        is_all = wanted.only("queue", "state")
        for queue in store.queues():
            note: dict[str, Any] = {"workers": len(queue.nodes)} if queue.nodes else {}
            if queue.state == "empty":
                note["empty"] = True
            # By queue only those that have not ended are counted.
            count = queue.held if is_all else None
            found.append((queue.name, note, count))
    elif key == "worker":
        found = [(name, {}, None) for name in sorted({each.node for each in store.processes()})]
    else:
        names = {*store.app.tasks, *store.history_names()}
        names |= {name for info in store.worker_infos().values() for name in info.tasks}
        found = [(name, {}, None) for name in sorted(names) if not name.startswith("celery.")]
    return [each for each in found if _begins(each[0], typed)][:MOST_VALUES]


def _begins(value: str, typed: str) -> bool:
    plain = typed.rstrip("*").lower()
    return plain in value.lower() or fnmatchcase(value, typed)
