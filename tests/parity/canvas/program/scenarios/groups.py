"""Calls at the same time."""

import tasks as t
from observing import got, plain
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord

CANVASES = {
    "of arguments": lambda: group(t.add.s(1, 1), t.add.s(2, 2)),
    "of a list": lambda: group([t.add.s(1, 1), t.add.s(2, 2)]),
    "of a tuple": lambda: group((t.add.s(1, 1), t.add.s(2, 2))),
    "of a generator": lambda: group(t.same.s(i) for i in range(5)),
    "of a long generator": lambda: group(t.same.s(i) for i in range(600)),
    "of one": lambda: group(t.add.s(1, 1)),
    "of one in a list": lambda: group([t.add.s(1, 1)]),
    "of a group": lambda: group(group(t.add.s(1, 1), t.add.s(2, 2))),
    "empty": lambda: group([]),
    "nested": lambda: group(t.add.s(1, 1), group(t.add.s(2, 2), t.add.s(3, 3))),
    "nested first": lambda: group(group(t.add.s(1, 1), t.add.s(2, 2)), t.add.s(3, 3)),
    "nested deeper": lambda: group(
        t.same.s(1), group(t.same.s(2), group(t.same.s(3), t.same.s(4)))
    ),
    "two nested": lambda: group(group(t.same.s(1), t.same.s(2)), group(t.same.s(3), t.same.s(4))),
    "with an empty group": lambda: group(t.same.s(1), group([])),
    "with a group of one": lambda: group(t.same.s(1), group([t.same.s(2)])),
    "of chains": lambda: group(t.same.s(1) | t.add.s(1), t.same.s(2) | t.add.s(2)),
    "of chains of three": lambda: group(
        t.same.s(1) | t.add.s(1) | t.add.s(2), t.same.s(2) | t.add.s(2) | t.add.s(3)
    ),
    "of a chain that ends in a group": lambda: group(
        t.same.s(1) | group(t.add.s(1), t.add.s(2)), t.same.s(3)
    ),
    "of a chord and a task": lambda: group(
        chord([t.same.s(1), t.same.s(2)], t.total.s()), t.same.s(3)
    ),
    "of two chords": lambda: group(
        chord([t.same.s(1), t.same.s(2)], t.total.s()),
        chord([t.same.s(3), t.same.s(4)], t.total.s()),
    ),
    "of a chain with a chord": lambda: group(
        t.same.s(1) | group(t.add.s(1), t.add.s(2)) | t.total.s(), t.same.s(2)
    ),
    "of fifty": lambda: group(t.same.s(i) for i in range(50)),
    "the same signature many times": lambda: group([t.same.s(1)] * 3),
    "one fails": lambda: group(t.same.s(1), t.fail.s(), t.same.s(3)),
    "one retries": lambda: group(t.same.s(1), t.retry_once.s(2)),
    "one retries in vain": lambda: group(t.same.s(1), t.retry_in_vain.s(2)),
    "one is silent": lambda: group(t.same.s(1), t.same.s(2).set(ignore_result=False)),
    "of maps": lambda: group(t.same.map([1, 2]), t.add.starmap([(1, 2)])),
    "skewed": lambda: group(t.same.s(i) for i in range(3)).skew(start=0.1, stop=0.3, step=0.1),
    "with immutable members": lambda: group(t.same.si(1), t.same.si(2)),
    "chunks": lambda: t.add.chunks(list(zip(range(5), range(5), strict=True)), 2),
    "chunks as a group": lambda: t.add.chunks(
        list(zip(range(5), range(5), strict=True)), 2
    ).group(),
    "map": lambda: t.same.map([1, 2, 3]),
    "map of lists": lambda: t.total.map([[1, 2], [3, 4]]),
    "starmap": lambda: t.add.starmap([(1, 2), (3, 4)]),
    "map that fails": lambda: t.fail.map([1, 2]),
    "map of nothing": lambda: t.same.map([]),
}

OTHERS = {
    "called with arguments": lambda: group(t.add.s(1), t.add.s(2)).delay(10),
    "called": lambda: group(t.add.s(1), t.add.s(2))(10),
    "called with keyword arguments": lambda: group(t.add.s(1), t.add.s(2)).apply_async(
        (10,), {"z": 5}
    ),
    "with a countdown": lambda: group(t.add.s(1, 1), t.add.s(2, 2)).apply_async(countdown=0.1),
    "with an option set": lambda: group(t.add.s(1, 1), t.add.s(2, 2)).set(shadow="other").delay(),
    "with a link": lambda: group(t.add.s(1, 1)).apply_async(link=t.same.s()),
    "with an errback": lambda: group(t.add.s(1, 1)).apply_async(link_error=t.same.s()),
    "linked": lambda: _linked(),
    "linked to an error": lambda: _linked_error(),
    "length": lambda: [len(group(t.same.s(1), t.same.s(2))), bool(group([]))],
    "skew": lambda: [
        s.options["countdown"] for s in group(t.same.s(i) for i in range(5)).skew(1, 4).tasks
    ],
    "skew without end": lambda: [
        s.options["countdown"] for s in group(t.same.s(i) for i in range(3)).skew().tasks
    ],
    "immutable": lambda: _immutable(),
    "join": lambda: _joined(),
    "failures without raising": lambda: _without_raising(),
    "of strings": lambda: group(["a", "b"]),
    "of dictionaries": lambda: group([dict(t.same.s(1)), dict(t.same.s(2))]),
}


def _linked():
    canvas = group(t.same.s(1), t.same.s(2))
    canvas.link(t.everything.s("linked"))
    return canvas


def _linked_error():
    canvas = group(t.fail.s(1), t.fail.s(2))
    canvas.link_error(t.old_errback.s())
    return canvas


def _immutable():
    canvas = group(t.same.s(1), t.same.s(2))
    canvas.set_immutable(True)
    return [canvas.immutable, [member.immutable for member in canvas.tasks]]


def _joined():
    result = group(t.add.s(1, 1), t.add.s(2, 2)).delay()
    return lambda: [
        result.join(timeout=1),
        result.join_native(timeout=1),
        result.completed_count(),
        result.successful(),
        result.ready(),
        result.failed(),
        result.waiting(),
        len(result),
        [child.id for child in result] == [child.id for child in result.children],
        result[0].get(timeout=1),
        sorted(value["result"] for _, value in result.iter_native()),
    ]


def _without_raising():
    result = group(t.add.s(1, 1), t.fail.s(), t.fail_own.s()).delay()
    return lambda: [
        plain(got(result, propagate=False)),
        plain(result.join(timeout=1, propagate=False)),
        result.completed_count(),
        result.successful(),
        result.failed(),
    ]
