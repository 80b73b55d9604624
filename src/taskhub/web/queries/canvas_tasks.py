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

    def opening_group(self, first: str) -> str | None:
        """Return the group or chord that begins a canvas, by the first task of one of its members.

        Each member of a group that a program sends is the first task of all that it leads to, so
        the others do not name it.
        """
        seen: set[str] = set()
        while first not in seen:
            seen.add(first)
            group = self.group_of(first) or self._group_to_come(first)
            if group is not None:
                return group
            called = self.called_by(first)
            if len(called) != 1 or called[0][0] is not None or len(called[0][1]) != 1:
                return None
            first = called[0][1][0][-1]
        return None

    def members(self, group: str) -> list[TaskRecord]:
        """Return the members of a group that have been sent, in their order.

        Of a chain among them that is the task at which it stands, or the last one.
        """
        found = [
            record
            for record in self.records.values()
            if group in (self.group_of(record.id), self._group_to_come(record.id))
            and record.options.get("chord_results") != group
        ]
        within = {record.id for record in found}
        # The body of a chord is of its group, too, and was published by a member.
        found = [record for record in found if record.parent not in within]
        return sorted(found, key=_order)

    def beginnings(self, group: str) -> list[str]:
        """Return the first tasks of the members of a group, in their order."""
        return list(dict.fromkeys(find_first(self, each.id) for each in self.members(group)))

    def _group_to_come(self, task_id: str) -> str | None:
        """Return the group of the last link of the chain that a message carries."""
        record = self.records.get(task_id)
        links = record.options.get("chain") if record is not None else None
        last = links[0] if links else None
        options = last.get("options") if isinstance(last, Mapping) else None
        group = options.get("group_id") if isinstance(options, Mapping) else None
        return None if group is None else str(group)

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
        own_group = self.group_of(task_id)
        children = [
            record
            for record in self.records.values()
            if record.parent == task_id
            # The body of the chord that it is a member of is none of its calls.
            and (own_group is None or self.group_of(record.id) != own_group)
        ]
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
    since = None if own.sent_at is None else own.sent_at - 86400
    _find_tasks(store, known, root, since)
    _read_results(store, known, [root, own.id, *filter(None, (own.parent,))])
    group = known.opening_group(root if root in known.records else find_first(known, own.id))
    if group is not None:
        _find_tasks(store, known, group, since)
        # What follows a header that has ended names one of its members as its root.
        members = known.members(group)
        roots = {each.root or each.id for each in members}
        for record in store.ended.newest_of_roots(NEWEST, roots, since):
            known.records.setdefault(record.id, record)
        _read_results(store, known, [])
        body = known.body_of(group, [each.id for each in members])
        if body is not None and (later := known.records[body].root) not in (None, root):
            # So does what follows the body, and has not ended.
            _find_tasks(store, known, str(later), since)
            _read_results(store, known, [])
    return known


def _find_tasks(store: StoreView, known: Known, text: str, since: float | None) -> None:
    """Add the tasks that name a root or a group: under way, or among the newest that have ended."""
    keys = find_messages(store, text)
    known.incomplete |= len(keys) > MOST_TASKS
    found = [*store.running(), *read_stored(store, keys[:MOST_TASKS]).values()]
    found += store.ended.newest(NEWEST, since, text)
    for record in found:
        named = (record.id, record.root, record.group, record.options.get("chord_results"))
        if text in named or text in str(record.options.get("chain") or ""):
            known.records.setdefault(record.id, record)


def _read_results(store: StoreView, known: Known, more: Sequence[str]) -> None:
    """Add the results of the known tasks and of some more, and of those that they lead to."""
    pending = [*more, *known.records]
    seen = set(known.documents)
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


def _order(record: TaskRecord) -> tuple[float, int, str]:
    place = record.options.get("group_index")
    return (record.sent_at or 0.0, place if isinstance(place, int) else 0, record.id)


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
