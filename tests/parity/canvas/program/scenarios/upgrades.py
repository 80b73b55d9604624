"""What `|` makes of two canvases."""

import tasks as t
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord


def two():
    return group(t.same.s(1), t.same.s(2))


def totals():
    return group(t.total.s(), t.total.s())


def three():
    return chord([t.same.s(1), t.same.s(2)], t.total.s())


CANVASES = {
    "group | task": lambda: two() | t.total.s(),
    "group | task | task": lambda: two() | t.total.s() | t.add.s(1),
    "group of one | task": lambda: group([t.same.s(1)]) | t.everything.s(),
    "chain(group of one, task)": lambda: chain(group([t.same.s(1)]), t.everything.s()),
    "group of one | chain": lambda: group([t.same.s(1)]) | (t.everything.s() | t.everything.s()),
    "group of one | chord | task": lambda: (
        group([t.same.s(1)]) | (chord([t.everything.s()], t.everything.s()) | t.everything.s())
    ),
    "group of one | (group | task)": lambda: (
        group([t.same.s(1)]) | (group(t.everything.s(), t.everything.s()) | t.everything.s())
    ),
    "group | group": lambda: two() | totals(),
    "group | group | task": lambda: two() | totals() | t.total.s(),
    "group | group | group": lambda: two() | totals() | totals(),
    "group | chain": lambda: two() | (t.total.s() | t.add.s(1)),
    "group | chord": lambda: two() | chord([t.total.s(), t.total.s()], t.total.s()),
    "group | chord | task": lambda: (
        two() | chord([t.total.s(), t.total.s()], t.total.s()) | t.add.s(1)
    ),
    "group | empty group": lambda: two() | group([]),
    "empty group | task": lambda: group([]) | t.everything.s(),
    "task | group": lambda: t.same.s(1) | group(t.add.s(1), t.add.s(2)),
    "task | group of one": lambda: t.same.s(1) | group([t.add.s(1)]),
    "task | group | task": lambda: t.same.s(1) | group(t.add.s(1), t.add.s(2)) | t.total.s(),
    "task | group | group": lambda: t.same.s(1) | group(t.add.s(1), t.add.s(2)) | totals(),
    "task | group | group | task": lambda: (
        t.same.s(1) | group(t.add.s(1), t.add.s(2)) | totals() | t.total.s()
    ),
    "task | (group | task)": lambda: t.same.s(1) | (group(t.add.s(1), t.add.s(2)) | t.total.s()),
    "task | group | chain": lambda: (
        t.same.s(1) | group(t.add.s(1), t.add.s(2)) | (t.total.s() | t.add.s(1))
    ),
    "task | empty group": lambda: t.same.s(1) | group([]),
    "task | chain": lambda: t.same.s(1) | (t.add.s(1) | t.add.s(2)),
    "task | chord": lambda: t.same.s(1) | chord([t.add.s(1), t.add.s(2)], t.total.s()),
    "task | chord | task": lambda: (
        t.same.s(1) | chord([t.add.s(1), t.add.s(2)], t.total.s()) | t.add.s(3)
    ),
    "chain | task": lambda: (t.same.s(1) | t.add.s(1)) | t.add.s(2),
    "chain | chain": lambda: (t.same.s(1) | t.add.s(1)) | (t.add.s(2) | t.add.s(3)),
    "chain | group": lambda: (t.same.s(1) | t.add.s(1)) | group(t.add.s(2), t.add.s(3)),
    "chain | group | task": lambda: (
        (t.same.s(1) | t.add.s(1)) | group(t.add.s(2), t.add.s(3)) | t.total.s()
    ),
    "chain | chord": lambda: (
        (t.same.s(1) | t.add.s(1)) | chord([t.add.s(2), t.add.s(3)], t.total.s())
    ),
    "chord | task": lambda: three() | t.add.s(1),
    "chord | task | task": lambda: three() | t.add.s(1) | t.add.s(2),
    "chord | chain": lambda: three() | (t.add.s(1) | t.add.s(2)),
    "chord | group": lambda: three() | group(t.add.s(1), t.add.s(2)),
    "chord | group of one": lambda: three() | group([t.add.s(1)]),
    "chord | group | task": lambda: three() | group(t.add.s(1), t.add.s(2)) | t.total.s(),
    "chord | chord": lambda: three() | chord([t.add.s(1), t.add.s(2)], t.total.s()),
    "chord | chord | task": lambda: (
        three() | chord([t.add.s(1), t.add.s(2)], t.total.s()) | t.add.s(9)
    ),
    "(group | task) | (group | task)": lambda: (
        (two() | t.total.s()) | (group(t.add.s(1), t.add.s(2)) | t.total.s())
    ),
    "group | task | group | task": lambda: (
        two() | t.total.s() | group(t.add.s(1), t.add.s(2)) | t.total.s()
    ),
    "group of chains | task": lambda: (
        group(t.same.s(1) | t.add.s(1), t.same.s(2) | t.add.s(2)) | t.total.s()
    ),
    "group of groups | task": lambda: group(two(), two()) | t.everything.s(),
    "task | group of groups | task": lambda: (
        t.same.s(1) | group(group(t.add.s(1), t.add.s(2)), t.add.s(3)) | t.everything.s()
    ),
    "map | task": lambda: t.same.map([1, 2]) | t.total.s(),
    "task | group of chains with groups": lambda: (
        t.same.s(5) | group(t.add.s(1) | t.add.s(2), t.add.s(3))
    ),
    "chunks group | task": lambda: t.add.chunks([(1, 2), (3, 4)], 1).group() | t.everything.s(),
    "chain of upgrades in a group": lambda: group(
        two() | t.total.s(), t.same.s(1) | group(t.add.s(1))
    ),
    "partial group | task": lambda: (
        t.same.s(3) | (group(t.add.s(1), t.same.si(9)) | t.everything.s())
    ),
}

OTHERS = {
    "types": lambda: {name: str(make().get("subtask_type")) for name, make in CANVASES.items()},
    "task | text": lambda: t.same.s(1) | "text",
    "chain of something else": lambda: chain(t.same.s(1), 5),
}
