"""The page of one task."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from taskhub.serialization.safe_repr import safe_repr
from taskhub.web.problem import Problem
from taskhub.web.queries.arguments import describe_argument, name_arguments, redact
from taskhub.web.queries.failures import read_traceback
from taskhub.web.queries.outcome_bins import join
from taskhub.web.queries.task_finder import find_task, record_of_document
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.timeline import timeline
from taskhub.web.queries.times import iso, iso_now, seconds
from taskhub.web.queries.wait_analysis import analyse_wait

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("child_ids", "get_task", "in_canvas", "task_ref", "task_refs")

#: Characters of a result.
LONGEST_RESULT: Final = 20_000
#: Options of a message that are shown elsewhere, or are canvases.
_NOT_HEADERS: Final = frozenset(
    {
        "callbacks",
        "chain",
        "chain_continuation",
        "chord",
        "content",
        "errbacks",
        "chord_results",
        "stamps",
        "argsrepr",
        "kwargsrepr",
    }
)
_CHILDREN: Final = 50


def get_task(store: StoreView, task_id: str, *, hidden: bool = False) -> dict[str, Any]:
    """Return one task.

    Raises:
        Problem: Nothing is kept of it.
    """
    record = find_task(store, task_id)
    if record is None:
        raise Problem(
            "not_found",
            f"nothing is kept of a task {task_id!r}: it has ended and its result has expired, "
            "it is a later part of a canvas and was not sent yet, or it never was",
        )
    document = store.document(record.id)
    wait = None
    if record.state in ("waiting", "delayed", "retrying"):
        wait = analyse_wait(store, record, hidden=hidden)
    options = record.options
    return {
        "at": iso_now(),
        "row": record.to_row(hidden=hidden),
        "known": bool(record.task),
        "process": _process(record),
        "origin": options.get("origin"),
        "expires_at": iso(record.expires_at),
        "waits": {"first": seconds(record.waited), "between": None},
        "runs": {"last": seconds(record.ran), "total": seconds(record.ran)},
        "stamps": dict(record.stamps),
        "headers": [] if hidden else _headers(store, options),
        "limits": {"soft": record.soft_limit, "hard": record.hard_limit},
        "ignore_result": options.get("ignore_result"),
        "arguments": _arguments(store, record, hidden),
        "result": _result(record, document, hidden),
        "error": _error(record, document, hidden),
        "earlier_errors": [],
        "same_error": None,
        "timeline": timeline(record, wait, time.time()),
        "progress": _progress(document, hidden),
        "relations": _relations(store, record, document),
        "in_canvas": in_canvas(record, document),
        "wait": wait,
        "usual": _usual(store, record.task) if record.task else None,
    }


def _process(record: TaskRecord) -> dict[str, Any] | None:
    if record.process is None and record.worker is None:
        return None
    return {
        "number": None,
        "pid": record.process,
        "host": record.host,
        "thread": record.thread,
    }


def _headers(store: StoreView, options: Mapping[str, Any]) -> list[dict[str, str]]:
    shown = {name: value for name, value in options.items() if name not in _NOT_HEADERS}
    safe = redact(shown, store.excerpts)
    return [
        {"name": str(name), "value": value if isinstance(value, str) else safe_repr(value, 500)}
        for name, value in sorted(safe.items())
    ]


def _arguments(store: StoreView, record: TaskRecord, hidden: bool) -> dict[str, Any]:
    if hidden:
        return {"hidden": True, "known": False, "items": [], "excerpt": None, "editable": None}
    if record.args is None and record.kwargs is None:
        return {
            "hidden": False,
            "known": False,
            "items": [],
            "excerpt": record.arguments or None,
            "editable": None,
        }
    args, kwargs = record.args or (), record.kwargs or {}
    found = name_arguments(store.app, record.task, args, kwargs, store.excerpts)
    editable = None
    if not any(argument.redacted for argument in found):
        editable = _editable(args, kwargs)
    return {
        "hidden": False,
        "known": True,
        "items": [describe_argument(argument) for argument in found],
        "excerpt": record.arguments,
        "editable": editable,
    }


def _editable(args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return arguments for a form; None: JSON lacks a value of them, or a part is hidden."""
    value = {"args": list(args), "kwargs": dict(kwargs)}
    try:
        return value if json.loads(json.dumps(value, allow_nan=False)) == value else None
    except (TypeError, ValueError):
        return None


def _result(record: TaskRecord, document: Mapping[str, Any] | None, hidden: bool) -> dict[str, Any]:
    state, text, cut, size = "none", None, False, None
    if record.state == "succeeded":
        state = "hidden" if hidden else "stored"
        if document is None:
            state = "ignored" if record.options.get("ignore_result") else "gone"
        elif not hidden:
            try:
                text = json.dumps(document.get("result"), ensure_ascii=False, indent=2)
            except (TypeError, ValueError):
                text = safe_repr(document.get("result"), LONGEST_RESULT)
            size = len(text.encode("utf-8", "replace"))
            cut = len(text) > LONGEST_RESULT
            text = text[:LONGEST_RESULT]
    return {"state": state, "text": text, "cut": cut, "size": size, "expires_at": None}


def _error(
    record: TaskRecord, document: Mapping[str, Any] | None, hidden: bool
) -> dict[str, Any] | None:
    error, message, traceback = record.error, record.message, record.traceback
    if document is not None and record.state in ("dead", "retrying", "failed") and not traceback:
        traceback = document.get("traceback")
    if error is None:
        return None
    parts = read_traceback(traceback)
    frames = parts["frames"]
    return {
        "kind": error,
        "message": None if hidden else message,
        "hidden": hidden,
        "try": record.tries or None,
        "frames": [{**frame, "source": []} for frame in frames] if hidden else frames,
        "traceback": None if hidden else traceback,
        "cause": None if hidden else parts["cause"],
    }


def _progress(document: Mapping[str, Any] | None, hidden: bool) -> dict[str, Any] | None:
    """Return the progress reported by `update_state(meta={"current": ..., "total": ...})`."""
    if document is None or document.get("status") in (
        "SUCCESS",
        "FAILURE",
        "RETRY",
        "REVOKED",
        "STARTED",
    ):
        return None
    found = document.get("result")
    if not isinstance(found, Mapping):
        return None
    current, total = _number(found.get("current")), _number(found.get("total"))
    percent = _number(found.get("percent"))
    fraction = current / total if current is not None and total else None
    if fraction is None and percent is not None:
        fraction = percent / 100
    if fraction is None and current is None:
        return None
    text = found.get("description") or found.get("text") or found.get("status")
    return {
        "current": current,
        "total": total,
        "fraction": None if fraction is None else min(1.0, max(0.0, round(fraction, 6))),
        "text": str(text)[:200] if text and not hidden else None,
    }


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


# -- relations


def _relations(
    store: StoreView, record: TaskRecord, document: Mapping[str, Any] | None
) -> dict[str, Any]:
    root = record.root if record.root and record.root != record.id else None
    parent = record.parent
    children = child_ids((document or {}).get("children"))[:_CHILDREN]
    found = {
        each["id"]: each for each in task_refs(store, [*filter(None, (root, parent)), *children])
    }
    return {
        "root": found.get(root) if root else None,
        "parent": found.get(parent) if parent else None,
        "children": [found[each] for each in children],
    }


def child_ids(children: Any) -> list[str]:
    """Return the ids of results as documents name them, members of groups included."""
    found: list[str] = []
    for child in children or ():
        if isinstance(child, list | tuple) and child:
            head = child[0]
            own = head[0] if isinstance(head, list | tuple) and head else head
            members = child[1] if len(child) > 1 and isinstance(child[1], list | tuple) else None
            if members:
                found += child_ids(members)
            elif isinstance(own, str):
                found.append(own)
    return found


def task_refs(store: StoreView, task_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return tasks as others name them."""
    unique = list(dict.fromkeys(task_ids))
    known = {record.id: record for record in store.running()}
    known = {**store.ended.find(unique), **known}
    refs = []
    for task_id, document in zip(unique, store.documents(unique), strict=True):
        record = known.get(task_id)
        if record is None and document is not None:
            record = record_of_document(store, task_id, document)
        if record is None:
            record = store.ended.dead.find_one(task_id)
        refs.append(task_ref(task_id, record))
    return refs


def task_ref(task_id: str, record: TaskRecord | None) -> dict[str, Any]:
    """Return a task as another one names it."""
    if record is None:
        return {"id": task_id, "task": None, "state": "unknown"}
    return {"id": task_id, "task": record.task or None, "state": record.state}


def in_canvas(record: TaskRecord, document: Mapping[str, Any] | None) -> bool:
    """Whether a task belongs to a chain, a group or a chord."""
    options = record.options
    if any(
        options.get(name)
        for name in ("chain", "chain_continuation", "chord", "group", "chord_results")
    ):
        return True
    if record.parent or (record.root and record.root != record.id):
        return True
    return bool((document or {}).get("group_id") or (document or {}).get("children"))


def _usual(store: StoreView, task: str) -> dict[str, Any]:
    """Return how long a task usually waits and runs, and how often it fails: in the last hour."""
    bins = store.read_bins("1h")
    wait = join(each.wait_by_task.get(task, {}) for each in bins)
    run = join(each.run_by_task.get(task, {}) for each in bins)
    return {
        "span": "1h",
        "wait": {f"p{percent}": wait.percentile(percent) for percent in (50, 95, 99)},
        "run": {f"p{percent}": run.percentile(percent) for percent in (50, 95, 99)},
        "failed": sum(each.failed_by_task.get(task, 0) for each in bins),
        "runs": sum(each.ended_by_task.get(task, 0) for each in bins),
    }
