"""The canvas that a task belongs to, as a tree of steps with their present states.

What is still to come is read from the messages that carry it; what has ended is put together from
results: who called whom, and which tasks are of one group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from taskhub.web.conditions import Condition
from taskhub.web.problem import Problem
from taskhub.web.queries.arguments import name_arguments
from taskhub.web.queries.canvas_tasks import Known, find_first, gather_canvas
from taskhub.web.queries.task_detail import task_ref
from taskhub.web.queries.task_finder import find_task
from taskhub.web.queries.task_record import TaskRecord
from taskhub.web.queries.times import iso, iso_now, seconds

if TYPE_CHECKING:
    from taskhub.web.queries.store_view import StoreView

__all__ = ("get_canvas",)

#: Members of a group that are shown; of more, those that matter.
MOST_MEMBERS: Final = 12
COLLAPSED: Final = 4
#: Depth of frames within frames.
DEEPEST: Final = 3
#: In this order members of a collapsed group matter.
_MATTERS: Final = (
    "dead",
    "failed",
    "retrying",
    "running",
    "revoked",
    "waiting",
    "delayed",
    "succeeded",
)


def get_canvas(store: StoreView, task_id: str, *, hidden: bool = False) -> dict[str, Any]:
    """Return the canvas that a task belongs to.

    Raises:
        Problem: Nothing is kept of the task, or it is part of none.
    """
    record = find_task(store, task_id)
    if record is None:
        raise Problem("not_found", f"nothing is kept of a task {task_id!r}")
    known = gather_canvas(store, record)
    root = record.root if record.root in known.records else find_first(known, record.id)
    builder = CanvasBuilder(store, known, record.id, hidden)
    group = known.opening_group(root)
    node = builder.sequence(root, 0) if group is None else builder.beginning(group)
    counts = builder.counts
    return {
        "at": iso_now(),
        "root": task_ref(root, known.records.get(root)),
        "sent_at": iso(known.records[root].sent_at) if root in known.records else None,
        "total": sum(counts.values()),
        "counts": dict(counts),
        "complete": not known.incomplete,
        "node": node,
    }


# -- building


class CanvasBuilder:
    """Makes the tree.

    Args:
        store: Reads the store.
        known: The tasks.
        own: The task that was asked for.
        hidden: Whether arguments are kept from who asks.
    """

    def __init__(self, store: StoreView, known: Known, own: str, hidden: bool) -> None:
        self._store = store
        self._known = known
        self._own = own
        self._hidden = hidden
        self._drawn: set[str] = set()
        self.counts: Counter[str] = Counter()

    def sequence(self, first: str, depth: int) -> dict[str, Any]:
        """Return a task and all that follows it: itself if nothing does."""
        steps = [self.task(first)]
        steps += self._after(first, depth)
        return steps[0] if len(steps) == 1 else {"kind": "chain", "steps": steps}

    def beginning(self, group: str) -> dict[str, Any]:
        """Return a group or chord that nothing comes before, and all that follows it."""
        firsts = self._known.beginnings(group)
        nodes = [self.sequence(first, 1) for first in firsts]
        within = [str(leaf["id"]) for node in nodes for leaf in _leaves(node)]
        steps = self._group_or_chord(group, nodes, within, 0)
        return steps[0] if len(steps) == 1 else {"kind": "chain", "steps": steps}

    def task(
        self, task_id: str, signature: Mapping[str, Any] | None = None, *, failed: bool = False
    ) -> dict[str, Any]:
        """Return the node of a task.

        Args:
            task_id: The task.
            signature: What is stored of it, if it was not sent yet.
            failed: Whether something before it failed, so that it is never to begin.
        """
        self._drawn.add(task_id)
        record = self._known.records.get(task_id)
        name = record.task if record is not None else str((signature or {}).get("task") or "")
        state = record.state if record is not None else "unknown"
        if record is None and signature is not None:
            state = "not_run" if failed else "waiting"
        elif record is not None and state == "failed" and not record.task and signature is not None:
            # Its result was written by what failed before it.
            state, name = "not_run", str(signature.get("task") or "")
        self.counts[state] += 1
        node: dict[str, Any] = {
            "kind": "task",
            "id": task_id or None,
            "task": name or None,
            "label": name.rpartition(".")[2] or task_id[:8],
            "state": state,
            "own": task_id == self._own,
            "ran": seconds(record.ran) if record is not None else None,
            "tries": record.tries if record is not None else 0,
            "max_tries": record.max_tries if record is not None else None,
            "due_at": iso(record.due_at) if record is not None and state != "succeeded" else None,
            "error": record.error if record is not None else None,
        }
        return node

    def _after(self, task_id: str, depth: int) -> list[dict[str, Any]]:
        """Return the steps that follow a task."""
        record = self._known.records.get(task_id)
        if record is not None and record.options.get("chain"):
            has_failed = record.state in ("failed", "dead", "revoked")
            return self._from_links(record.options, depth, has_failed)
        steps: list[dict[str, Any]] = []
        for group, chains in self._known.called_by(task_id):
            if group is not None:
                steps += self._from_group(group, chains, depth)
                continue
            # Beside the next link of its chain a task may have called others by itself.
            for each in (link for chain in chains for link in chain):
                if each not in self._drawn:
                    steps += self._flat(self.sequence(each, depth))
        return steps

    @staticmethod
    def _flat(node: dict[str, Any]) -> list[dict[str, Any]]:
        return node["steps"] if node["kind"] == "chain" else [node]

    def _from_group(
        self, group: str, chains: Sequence[Sequence[str]], depth: int
    ) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = []
        ids = [each for chain in chains for each in chain]
        for chain in chains:
            inner = [self.task(each) for each in chain if each not in self._drawn]
            if inner:
                nodes.append(inner[0] if len(inner) == 1 else {"kind": "chain", "steps": inner})
        return self._group_or_chord(group, nodes, ids, depth)

    def _group_or_chord(
        self, group: str, nodes: list[dict[str, Any]], ids: Sequence[str], depth: int
    ) -> list[dict[str, Any]]:
        """Return a group, or a chord and what follows its body.

        Args:
            group: Its id.
            nodes: Its members.
            ids: The tasks of these.
            depth: Of frames within frames.
        """
        header = self._group(nodes, depth, group)
        body = self._known.body_of(group, ids)
        is_chord = body is not None or any(
            (self._known.records.get(each) or TaskRecord(id="")).options.get("chord")
            for each in ids
        )
        if not is_chord:
            return [header]
        if body is None:
            self._known.incomplete = True
        follows = self.sequence(body, depth) if body is not None else None
        steps = [] if follows is None else self._flat(follows)
        return [self._chord(header, steps[0] if steps else None), *steps[1:]]

    def _from_links(
        self, options: Mapping[str, Any], depth: int, has_failed: bool
    ) -> list[dict[str, Any]]:
        """Return the steps of links that a message carries; the next one is the last of them."""
        steps: list[dict[str, Any]] = []
        for link in reversed(options.get("chain") or ()):
            steps += self._flat(self.signature(link, depth, has_failed))
        more = sum(
            int(size) - int(place) for _, place, size in options.get("chain_continuation") or ()
        )
        if more and steps:
            steps[-1]["more"] = more
        return steps

    def signature(self, link: Any, depth: int, has_failed: bool) -> dict[str, Any]:
        """Return the node of a signature."""
        if not isinstance(link, Mapping):
            return self.task("")
        name, kwargs = link.get("task"), link.get("kwargs") or {}
        options = link.get("options") or {}
        if name == "celery.chain":
            steps = [
                step
                for each in kwargs.get("tasks") or ()
                for step in self._flat(self.signature(each, depth, has_failed))
            ]
            return {"kind": "chain", "steps": steps}
        if name in ("celery.group", "celery.chord"):
            part = kwargs.get("tasks") if name == "celery.group" else kwargs.get("header")
            if isinstance(part, Mapping):
                part = (part.get("kwargs") or {}).get("tasks")
            nodes = [self.signature(each, depth + 1, has_failed) for each in part or ()]
            header = self._group(nodes, depth, str(options.get("task_id") or ""))
            body = kwargs.get("body")
            if name == "celery.group" or body is None:
                return header
            steps = self._flat(self.signature(body, depth, has_failed))
            chord = self._chord(header, steps[0] if steps else None)
            return chord if len(steps) < 2 else {"kind": "chain", "steps": [chord, *steps[1:]]}
        node = self.task(str(options.get("task_id") or ""), link, failed=has_failed)
        node["arguments"] = self._label(link)
        return node

    # -- groups and chords

    def _group(self, nodes: list[dict[str, Any]], depth: int, group: str) -> dict[str, Any]:
        leaves = [leaf for node in nodes for leaf in _leaves(node)]
        counts = Counter(leaf["state"] for leaf in leaves)
        names = {node.get("task") if node["kind"] == "task" else None for node in nodes}
        each = next(iter(names)) if len(names) == 1 else None
        if each is not None:
            self._label_members(nodes)
        collapsed = len(nodes) > MOST_MEMBERS or depth >= DEEPEST
        shown = nodes
        if collapsed:
            order = {state: place for place, state in enumerate(_MATTERS)}
            shown = sorted(nodes, key=lambda node: order.get(_state_of(node), len(order)))[
                :COLLAPSED
            ]
        return {
            "kind": "group",
            "id": group or None,
            "size": len(nodes),
            "counts": dict(counts),
            "collapsed": collapsed,
            "each": each,
            "members": shown,
            "more": len(nodes) - len(shown),
            "filter": Condition(key="group", value=group).text if group else None,
            "done": sum(_state_of(node) == "succeeded" for node in nodes),
            "passed": all(_state_of(node) == "succeeded" for node in nodes),
        }

    def _chord(self, header: dict[str, Any], body: dict[str, Any] | None) -> dict[str, Any]:
        return {
            "kind": "chord",
            "header": header,
            "body": body,
            "size": header["size"],
            "done": header["done"],
            "passed": header["passed"],
        }

    def _label_members(self, nodes: list[dict[str, Any]]) -> None:
        """Name the members of a group of one task by the arguments in which they differ."""
        if self._hidden:
            return
        arguments: list[dict[str, str]] = []
        for node in nodes:
            record = self._known.records.get(node["id"] or "")
            if record is None or record.args is None:
                return
            found = name_arguments(
                self._store.app, record.task, record.args, record.kwargs or {}, self._store.excerpts
            )
            arguments.append(
                {
                    each.name or str(place): self._store.excerpts.shorten(each.value)
                    for place, each in enumerate(found)
                }
            )
        common = {
            name
            for name in arguments[0]
            if all(each.get(name) == arguments[0][name] for each in arguments)
        }
        for node, each in zip(nodes, arguments, strict=True):
            parts = [f"{name}={value}" for name, value in each.items() if name not in common]
            if parts:
                node["label"] = ", ".join(parts)[:120]

    def _label(self, link: Mapping[str, Any]) -> str | None:
        if self._hidden:
            return None
        args, kwargs = link.get("args") or (), link.get("kwargs") or {}
        found = name_arguments(
            self._store.app, str(link.get("task")), args, kwargs, self._store.excerpts
        )
        return ", ".join(self._store.excerpts.shorten(each.value) for each in found)[:120] or None


def _leaves(node: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if node["kind"] == "task":
        yield node
    for inner in (*node.get("steps", ()), *node.get("members", ())):
        yield from _leaves(inner)
    for part in (node.get("header"), node.get("body")):
        if part:
            yield from _leaves(part)


def _state_of(node: Mapping[str, Any]) -> str:
    """Return the state of a member: of a chain, that of the link at which it stands."""
    found = [leaf["state"] for leaf in _leaves(node)]
    for state in found:
        if state != "succeeded":
            return str(state)
    return "succeeded" if found else "unknown"
