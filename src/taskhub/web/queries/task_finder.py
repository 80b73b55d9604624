"""Finds one task by its id: running, waiting, delayed, dead, or ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from taskhub import states
from taskhub.serialization.safe_repr import safe_repr
from taskhub.web.queries.arguments import CallArguments
from taskhub.web.queries.stored_tasks import find_keys, read_stored
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.times import parse_iso

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("SHORTEST_PREFIX", "find_by_prefix", "find_task", "find_tasks", "record_of_document")

#: So many characters of an id stand for it, if only one task has them.
SHORTEST_PREFIX: Final = 8
#: Ended tasks, the newest, among which the beginning of an id is looked for.
NEWEST: Final = 10_000
_STATES: Final = {
    states.SUCCESS: "succeeded",
    states.FAILURE: "failed",
    states.REVOKED: "revoked",
    states.RETRY: "retrying",
}


def find_task(store: StoreView, task_id: str) -> TaskRecord | None:
    """Return a task by its id, or by the beginning of it; None: nothing is kept of it."""
    found = find_tasks(store, [task_id])
    if not found:
        # Its first message has ended; another one with the same id has a key of its own.
        found = list(read_stored(store, find_keys(store, f"{task_id}\n")).values())[:1]
    if not found and SHORTEST_PREFIX <= len(task_id) < 36:
        found = find_by_prefix(store, task_id, 2)
    return found[0] if len(found) == 1 else None


def find_tasks(store: StoreView, task_ids: Sequence[str]) -> list[TaskRecord]:
    """Return those of some tasks, by id or by key, of which something is kept."""
    wanted = dict.fromkeys(task_ids)
    found: dict[str, TaskRecord] = {}
    for record in store.running():
        for name in (record.id, record.key):
            if name in wanted:
                found.setdefault(name, record)

    def missing() -> list[str]:
        return [task_id for task_id in wanted if task_id not in found]

    # What no worker has claimed is there; of the rest the end counts, as it may have come just now.
    stored = read_stored(store, missing())
    found |= {name: record for name, record in stored.items() if not record.is_claimed}
    found |= store.ended.find(missing())
    found |= store.ended.dead.find(missing())
    found |= {name: record for name, record in stored.items() if name not in found}
    left = missing()
    for task_id, document in zip(left, store.documents(left), strict=True):
        if document is not None:
            found[task_id] = record_of_document(store, task_id, document)
    return [found[task_id] for task_id in wanted if task_id in found]


def find_by_prefix(store: StoreView, prefix: str, limit: int) -> list[TaskRecord]:
    """Return tasks whose ids begin so."""
    found: list[TaskRecord] = []
    # Ids are in lower case, unless callers make their own.
    for spelling in dict.fromkeys((prefix.lower(), prefix)):
        found = found or _begin_with(store, spelling, limit)
    return found


def _begin_with(store: StoreView, prefix: str, limit: int) -> list[TaskRecord]:
    ids = [record.id for record in store.running()]
    ids += find_keys(store, prefix)
    ids += store.ended.newest_ids(NEWEST)
    ids += store.ended.dead.expiry_by_key()
    ids = [task_id for task_id in ids if task_id.startswith(prefix)] + [prefix]
    unique: dict[str, TaskRecord] = {}
    for record in find_tasks(store, list(dict.fromkeys(ids))[: limit * 2]):
        unique.setdefault(record.id, record)
    return list(unique.values())[:limit]


def record_of_document(store: StoreView, task_id: str, document: Mapping[str, Any]) -> TaskRecord:
    """Return what the result of a task says of it."""
    status = str(document.get("status") or "")
    state = _STATES.get(status, "running" if status not in states.READY_STATES else "succeeded")
    task = str(document.get("name") or "")
    args, kwargs = document.get("args"), document.get("kwargs")
    call = None
    if isinstance(args, list) and isinstance(kwargs, Mapping):
        call = CallArguments(store.app, task, args, kwargs, store.excerpts)
    error, message = (
        _error(document) if state in ("failed", "retrying", "revoked") else (None, None)
    )
    retries = document.get("retries")
    return TaskRecord(
        id=task_id,
        task=task,
        state=state,
        queue=document.get("queue") or None,
        call=call,
        tries=int(retries) + 1 if isinstance(retries, int) else 0,
        ended_at=parse_iso(document.get("date_done")),
        worker=document.get("worker") or None,
        error=error if state != "revoked" else None,
        message=message if state != "revoked" else None,
        reason=error if state == "failed" else None,
        traceback=document.get("traceback") or None,
        parent=document.get("parent_id"),
        stamps={name: document.get(name) for name in document.get("stamped_headers") or ()},
    )


def _error(document: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return class and message of the exception of a document."""
    found = document.get("result")
    if isinstance(found, Mapping) and "exc_type" in found:
        said = found.get("exc_message")
        parts = said if isinstance(said, list | tuple) else [said]
        return str(found["exc_type"]), ", ".join(
            part if isinstance(part, str) else safe_repr(part, 300) for part in parts
        )
    return (None, None) if found is None else (type(found).__name__, str(found))
