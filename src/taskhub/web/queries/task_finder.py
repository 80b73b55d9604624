"""Finds one task by its id: running, waiting, delayed, dead, or ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, Final

from taskhub import states
from taskhub.serialization.safe_repr import safe_repr
from taskhub.web.queries.arguments import CallArguments
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.task_search import MOST_SCANNED
from taskhub.web.queries.times import parse_iso

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("SHORTEST_PREFIX", "find_by_prefix", "find_task", "find_tasks", "record_of_document")

#: So many characters of an id stand for it, if only one task has them.
SHORTEST_PREFIX: Final = 8
#: Ended tasks, the newest, among which the beginning of an id is looked for.
NEWEST: Final = 2000
_STATES: Final = {
    states.SUCCESS: "succeeded",
    states.FAILURE: "failed",
    states.REVOKED: "revoked",
    states.RETRY: "retrying",
}


def find_task(store: StoreView, task_id: str) -> TaskRecord | None:
    """Return a task by its id, or by the beginning of it; None: nothing is kept of it."""
    for record in _live(store):
        if task_id in (record.id, record.key):
            return record
    ended = store.ended.find([task_id]).get(task_id)
    if ended is not None:
        return ended
    dead = store.ended.dead_letter(task_id)
    if dead is not None:
        return dead
    claimed = store.claimed(task_id)
    if claimed is not None:
        return claimed
    document = store.document(task_id)
    if document is not None:
        return record_of_document(store, task_id, document)
    if SHORTEST_PREFIX <= len(task_id) < 36:
        found = find_by_prefix(store, task_id, 2)
        if len(found) == 1:
            return found[0]
    return None


def find_tasks(store: StoreView, task_ids: Sequence[str]) -> list[TaskRecord]:
    """Return those of some tasks of which something is kept, with one look at what is under way."""
    wanted = dict.fromkeys(task_ids)
    found: dict[str, TaskRecord] = {}
    for record in _live(store):
        for name in (record.id, record.key):
            if name in wanted and name not in found:
                found[name] = record
    found = {**store.ended.find([each for each in wanted if each not in found]), **found}
    for task_id in wanted:
        if task_id not in found:
            dead = store.ended.dead_letter(task_id)
            if dead is not None:
                found[task_id] = dead
    rest = [task_id for task_id in wanted if task_id not in found]
    for task_id, document in zip(rest, store.documents(rest), strict=True):
        if document is not None:
            found[task_id] = record_of_document(store, task_id, document)
    return [found[task_id] for task_id in wanted if task_id in found]


def find_by_prefix(store: StoreView, prefix: str, limit: int) -> list[TaskRecord]:
    """Return tasks whose ids begin so."""
    wanted = prefix.lower()
    dead = list(store.ended.dead_by_id().values())
    everything = chain(_live(store), store.ended.newest(NEWEST, text=wanted), dead)
    matching = (each for each in everything if each.id.lower().startswith(wanted))
    found = {record.id: record for record in islice(matching, limit)}
    if len(found) < limit:
        document = store.document(prefix)
        if document is not None and prefix not in found:
            found[prefix] = record_of_document(store, prefix, document)
    return list(found.values())


def _live(store: StoreView) -> Iterator[TaskRecord]:
    """Yield the tasks that have not ended, as far as they are looked at."""
    yield from store.running()
    # Counted anew: what was sent a moment ago is to be found.
    counts = store.engine.queues()
    if any(count.delayed for count in counts.values()):
        yield from islice(store.each_delayed(), MOST_SCANNED)
    if any(count.rate_limited for count in counts.values()):
        yield from islice(store.each_rate_limited(), MOST_SCANNED)
    holding = [name for name, count in counts.items() if count.ready]
    yield from islice(store.each_waiting(holding), MOST_SCANNED)


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
