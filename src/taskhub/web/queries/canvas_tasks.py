"""The tasks of one canvas: those that are under way, and those that have ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from taskhub.web.queries.stored_tasks import find_messages, read_stored
from taskhub.web.queries.task_finder import record_of_document
from taskhub.web.queries.task_record import TaskRecord

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("Known", "find_first", "gather_canvas")

#: Tasks of one canvas that are looked at, and stored messages of it.
MOST_TASKS: Final = 5000
#: Ended tasks, the newest, among which those of a canvas are looked for.
NEWEST: Final = 3000


@dataclass
class Known:
    """What is known of the tasks of one canvas."""

    records: dict[str, TaskRecord] = field(default_factory=dict)
    documents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    #: Whether something is missing: it is no longer there, or there is more than is looked at.
    incomplete: bool = False

    def group_of(self, task_id: str) -> str | None:
        """Return the group that a task belongs to."""
        record, document = self.records.get(task_id), self.documents.get(task_id, {})
        group = record.options.get("group") if record is not None else None
        return group or document.get("group_id")

    def body_of(self, group: str, members: Iterable[str]) -> str | None:
        """Return the body of a chord: what a member's commit has published beside its own calls."""
        within = set(members)
        own = {
            child
            for member in within
            for child in ids_of_children(self.documents.get(member, {}).get("children"))
        }
        found = [
            record
            for task_id, record in self.records.items()
            if record.options.get("chord_results") == group
            or (record.parent in within and task_id not in within and task_id not in own)
        ]
        return min(found, key=lambda record: record.sent_at or 0.0).id if found else None

    def called_by(self, task_id: str) -> list[tuple[str | None, list[list[str]]]]:
        """Return what a task has called: single tasks, and groups with their members' chains."""
        document = self.documents.get(task_id)
        if document is not None:
            found: list[tuple[str | None, list[list[str]]]] = []
            for child in document.get("children") or ():
                members = members_of(child)
                if members is None:
                    found += [(None, [list(chain)]) for chain in chains_of(child)]
                else:
                    head = child[0]
                    group = head[0] if isinstance(head, list | tuple) and head else head
                    chains = [chain for member in members for chain in chains_of(member)]
                    found.append((str(group), chains))
            return found
        # No result is kept: those that name it as their parent.
        children = [record for record in self.records.values() if record.parent == task_id]
        children.sort(key=lambda record: record.sent_at or 0.0)
        by_group: dict[str | None, list[list[str]]] = {}
        for record in children:
            by_group.setdefault(self.group_of(record.id), []).append([record.id])
        return list(by_group.items())


def find_first(known: Known, task_id: str) -> str:
    """Return the first task that leads to one, as far as parents are known."""
    seen = {task_id}
    while (record := known.records.get(task_id)) is not None and record.parent in known.records:
        if record.parent in seen:
            break
        seen.add(record.parent)
        task_id = record.parent
    return task_id


def gather_canvas(store: StoreView, own: TaskRecord) -> Known:
    """Find the tasks of the canvas: those that are under way, and results from the root on."""
    known = Known({own.id: own})
    root = own.root or own.id
    keys = find_messages(store, root)
    known.incomplete = len(keys) > MOST_TASKS
    live = [*store.running(), *read_stored(store, keys[:MOST_TASKS]).values()]
    sent = own.sent_at
    live += store.ended.newest(NEWEST, None if sent is None else sent - 86400, root)
    for record in live:
        if root in (record.root, record.id):
            known.records.setdefault(record.id, record)
    pending = [root, own.id, *known.records, *filter(None, (own.parent,))]
    seen: set[str] = set()
    while pending and len(seen) < MOST_TASKS:
        ids = [each for each in dict.fromkeys(pending) if each not in seen][:500]
        pending = pending[len(ids) :] if len(pending) > 500 else []
        seen.update(ids)
        if not ids:
            break
        for task_id, document in zip(ids, store.documents(ids), strict=True):
            if document is None:
                if task_id not in known.records:
                    dead = store.ended.dead.find_one(task_id)
                    if dead is not None:
                        known.records[task_id] = dead
                continue
            known.documents[task_id] = document
            if task_id not in known.records:
                known.records[task_id] = record_of_document(store, task_id, document)
            found = [*ids_of_children(document.get("children"))]
            if document.get("parent_id"):
                found.append(str(document["parent_id"]))
            pending += [each for each in found if each not in seen]
    return known


def ids_of_children(children: Any) -> Iterable[str]:
    for child in children or ():
        for chain in chains_of(child):
            yield from chain
        members = members_of(child)
        if members is not None:
            yield from ids_of_children(members)


def members_of(child: Any) -> Sequence[Any] | None:
    """Return the members of a child that is a group; None: it is a task."""
    if isinstance(child, list | tuple) and len(child) > 1 and isinstance(child[1], list | tuple):
        return child[1]
    return None


def chains_of(child: Any) -> Iterable[list[str]]:
    """Yield the ids of a child that is a task, those before it in its chain first."""
    if members_of(child) is not None or not isinstance(child, list | tuple) or not child:
        return
    head, ids = child[0], []
    while isinstance(head, list | tuple) and head:
        if isinstance(head[0], str):
            ids.append(head[0])
            head = head[1] if len(head) > 1 else None
        else:
            head = head[0]
    if ids:
        yield ids[::-1]
