"""One call after the other."""

import tasks as t
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord

CANVASES = {
    "two": lambda: t.add.s(1, 2) | t.add.s(3),
    "three": lambda: t.add.s(1, 2) | t.add.s(3) | t.same.s(),
    "by name": lambda: chain(t.add.s(1, 2), t.add.s(3), t.add.s(4)),
    "of a list": lambda: chain([t.add.s(1, 2), t.add.s(3)]),
    "of a generator": lambda: chain(t.add.s(i) if i else t.same.s(0) for i in range(4)),
    "of one": lambda: chain(t.add.s(1, 2)),
    "of a list of one": lambda: chain([t.add.s(1, 2)]),
    "nested": lambda: chain(chain(t.same.s(1), t.add.s(2)), chain(t.add.s(3), t.add.s(4))),
    "nested deeper": lambda: chain(
        t.same.s(1), chain(t.add.s(2), chain(t.add.s(3), chain(t.add.s(4))))
    ),
    "of ten": lambda: chain(t.same.s(0), *(t.add.s(1) for _ in range(9))),
    "immutable in the middle": lambda: chain(t.same.s(1), t.same.si(7), t.add.s(1)),
    "immutable at the end": lambda: chain(t.same.s(1), t.add.s(2), t.same.si(9)),
    "immutable by option": lambda: chain(t.same.s(1), t.same.signature((5,), immutable=True)),
    "with keyword arguments": lambda: chain(t.add.s(1, 2, z=3), t.add.s(4, z=5)),
    "partials are prepended": lambda: chain(t.same.s(1), t.everything.s(2, 3, key="value")),
    "passing None": lambda: chain(t.nothing.s(), t.everything.s()),
    "passing a list": lambda: chain(t.same.s([1, 2, 3]), t.total.s()),
    "passing a dictionary": lambda: chain(t.same.s({"a": [1]}), t.everything.s()),
    "passing bytes": lambda: chain(t.returns_bytes.s(), t.is_bytes.s()),
    "passing a signature": lambda: chain(t.returns_signature.s(5), t.everything.s()),
    "ending in a group": lambda: chain(t.add.s(1, 2), group(t.add.s(3), t.add.s(4))),
    "ending in an empty group": lambda: chain(t.add.s(1, 2), group([])),
    "beginning with an empty group": lambda: chain(group([]), t.add.s(1, 2)),
    "with an empty group in the middle": lambda: chain(t.add.s(1, 2), group([]), t.add.s(3)),
    "ending in a group of one": lambda: chain(t.add.s(1, 2), group(t.add.s(3))),
    "of groups": lambda: chain(
        group(t.same.s(1), t.same.s(2)), group(t.total.s(), t.total.s()), t.total.s()
    ),
    "group in the middle": lambda: chain(t.same.s(1), group(t.add.s(1), t.add.s(2)), t.total.s()),
    "group in the middle, then more": lambda: chain(
        t.same.s(1), group(t.add.s(1), t.add.s(2)), t.total.s(), t.add.s(1), t.add.s(2)
    ),
    "group of chains in the middle": lambda: chain(
        t.same.s(1), group(t.add.s(1) | t.add.s(2), t.add.s(3) | t.add.s(4)), t.total.s()
    ),
    "group that is followed by an immutable": lambda: chain(
        group(t.same.s(1), t.same.s(2)), t.same.si(3)
    ),
    "retry first": lambda: chain(t.retry_once.s(1), t.add.s(1)),
    "retry in the middle": lambda: chain(t.same.s(1), t.retry_once.s(), t.add.s(1)),
    "retry last": lambda: chain(t.same.s(1), t.retry_once.s()),
    "ignored result in the middle": lambda: chain(t.same.s(1), t.silent.s(), t.add.s(1)),
    "ignored result at the end": lambda: chain(t.same.s(1), t.silent.s()),
    "with map in the middle": lambda: chain(t.same.s(1), t.same.map([1, 2]), t.total.s()),
    "beginning with starmap": lambda: chain(t.add.starmap([(1, 2), (3, 4)]), t.total.s()),
    "with chunks at the end": lambda: chain(t.same.s(1), t.add.chunks([(1, 2), (3, 4), (5, 6)], 2)),
    "with a countdown in the middle": lambda: chain(
        t.same.s(1), t.add.s(1).set(countdown=0.2), t.add.s(2)
    ),
    "with options on a step": lambda: chain(
        t.same.s(1), t.add.s(1).set(shadow="x", ignore_result=False)
    ),
    "of a chord and more": lambda: chain(
        chord([t.same.s(1), t.same.s(2)], t.total.s()), t.add.s(1), t.add.s(2)
    ),
    "of two chords": lambda: chain(
        chord([t.same.s(1), t.same.s(2)], t.total.s()),
        chord([t.add.s(1), t.add.s(2)], t.total.s()),
    ),
    "of three groups and a task": lambda: chain(
        group(t.same.s(1), t.same.s(2)),
        group(t.total.s(), t.total.s()),
        group(t.total.s(), t.total.s()),
        t.total.s(),
    ),
    "with a chord in the middle": lambda: chain(
        t.same.s(1), chord([t.add.s(1), t.add.s(2)], t.total.s()), t.add.s(5)
    ),
    "with a chain of a group at the end": lambda: chain(
        t.same.s(1), chain(t.add.s(1), group(t.add.s(2), t.add.s(3)))
    ),
    "immutable chain in a chain": lambda: chain(t.same.s(1), chain(t.same.si(2), t.add.s(3))),
}

OTHERS = {
    "empty": lambda: [chain().apply_async() is None, chain()() is None],
    "called with arguments": lambda: chain(t.add.s(1), t.add.s(2)).delay(10),
    "called": lambda: (t.add.s(1) | t.add.s(2))(10),
    "with keyword arguments for the first": lambda: chain(t.add.s(1), t.add.s(2)).apply_async(
        (10,), {"z": 5}
    ),
    "with an id": lambda: (t.add.s(1, 1) | t.add.s(2)).apply_async(countdown=0.1),
    "with a link": lambda: (t.add.s(1, 1) | t.add.s(2)).apply_async(link=t.add.s(100)),
    "with an errback": lambda: (t.add.s(1, 1) | t.fail.s()).apply_async(
        link_error=t.old_errback.s()
    ),
    "inverted": lambda: ~(t.add.s(1, 1) | t.add.s(2)),
    "many times the same": lambda: _twice(t.add.s(1, 1) | t.add.s(2)),
    "cloned with arguments": lambda: (t.add.s(1) | t.add.s(2)).clone((5,)).delay(),
    "a step that is reused": lambda: _reused(t.add.s(1)),
    "in place": lambda: _in_place(),
    "reduced by or": lambda: _reduced(),
}


def _twice(canvas):
    first, second = canvas.delay(), canvas.delay()
    return lambda: [first.get(timeout=1), second.get(timeout=1), first.id != second.id]


def _reused(step):
    return chain(step, step, step).delay(1)


def _in_place():
    canvas = t.add.s(1, 2)
    canvas |= t.add.s(3)
    canvas |= t.add.s(4)
    return canvas


def _reduced():
    canvas = t.same.s(0)
    for number in range(5):
        canvas = canvas | t.add.s(number)
    return canvas
