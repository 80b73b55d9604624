"""Canvases that tasks send."""

import tasks as t
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord

CANVASES = {
    "task": lambda: t.calls.s(t.same.s(1)),
    "chain": lambda: t.calls.s(t.same.s(1) | t.add.s(2)),
    "group": lambda: t.calls.s(group(t.same.s(1), t.same.s(2))),
    "chord": lambda: t.calls.s(chord([t.same.s(1), t.same.s(2)], t.total.s())),
    "chain with a chord": lambda: t.calls.s(
        chain(t.same.s(1), group(t.add.s(1), t.add.s(2)), t.total.s())
    ),
    "in a chain": lambda: chain(t.same.s(t.same.s(1)), t.calls.s()),
    "in a header": lambda: chord(
        [t.calls.s(group(t.same.s(1), t.same.s(2))), t.same.s(2)], t.everything.s()
    ),
    "failing chain": lambda: t.calls.s(t.fail.s() | t.same.s()),
}


def _children():
    result = t.calls.s(group(t.same.s(1), t.same.s(2))).delay()
    return lambda: [
        result.get(timeout=1),
        [type(child).__name__ for child in result.children],
        result.children[0].get(timeout=1),
        next(value for _, value in result.collect()),
    ]


def _collected():
    result = t.calls.s(chain(t.same.s(1), t.add.s(2))).delay()
    return lambda: [value for _, value in result.collect()]


def _chain_children():
    result = (t.same.s(1) | t.add.s(2) | t.add.s(3)).delay()
    root = result.parent.parent
    return lambda: [
        root.get(timeout=1),
        [value for _, value in root.collect()],
        [child.id == result.parent.id for child in root.children or ()],
        root.get_leaf(),
        len(list(root.iterdeps())),
    ]


def _chord_children():
    result = chord([t.same.s(1), t.same.s(2)], t.total.s()).delay()
    return lambda: [
        result.get(timeout=1),
        [[child.id for child in part.children or ()] == [] for part in result.parent],
        [value for _, value in result.parent[0].collect()],
        result.children,
    ]


OTHERS = {
    "children of a group": _children,
    "collected chain": _collected,
    "children of a chain": _chain_children,
    "children of a chord's header": _chord_children,
}
