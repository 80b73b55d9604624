"""Headers and their bodies."""

import tasks as t
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord


def one_and_two():
    return [t.same.s(1), t.same.s(2)]


CANVASES = {
    "plain": lambda: chord(one_and_two(), t.total.s()),
    "of a group": lambda: chord(group(one_and_two()), t.total.s()),
    "of a generator": lambda: chord((t.same.s(i) for i in range(5)), t.total.s()),
    "of a tuple": lambda: chord(tuple(one_and_two()), t.total.s()),
    "of one": lambda: chord([t.same.s(1)], t.total.s()),
    "of one task": lambda: chord(t.same.s(1), t.total.s()),
    "of fifty": lambda: chord((t.same.s(i) for i in range(50)), t.total.s()),
    "empty": lambda: chord([], t.total.s()),
    "of an empty group": lambda: chord(group([]), t.total.s()),
    "order of values": lambda: chord((t.same.s(i) for i in range(20)), t.everything.s()),
    "order with delays": lambda: chord(
        [t.same.s(1).set(countdown=0.2), t.same.s(2), t.same.s(3).set(countdown=0.1)],
        t.everything.s(),
    ),
    "body with arguments": lambda: chord(one_and_two(), t.everything.s(7, key=8)),
    "immutable body": lambda: chord(one_and_two(), t.same.si(9)),
    "body is a chain": lambda: chord(one_and_two(), t.total.s() | t.add.s(1)),
    "body is a chain of three": lambda: chord(one_and_two(), t.total.s() | t.add.s(1) | t.add.s(2)),
    "body is a group": lambda: chord(one_and_two(), group(t.total.s(), t.everything.s())),
    "body is a group of one": lambda: chord(one_and_two(), group(t.total.s())),
    "body is a group of chains": lambda: chord(
        one_and_two(), group(t.total.s() | t.add.s(1), t.total.s() | t.add.s(2))
    ),
    "body is a chord": lambda: chord(one_and_two(), chord([t.total.s(), t.total.s()], t.total.s())),
    "body is a chain that ends in a group": lambda: chord(
        one_and_two(), t.total.s() | group(t.add.s(1), t.add.s(2))
    ),
    "body is a chain with a chord": lambda: chord(
        one_and_two(), t.total.s() | chord([t.add.s(1), t.add.s(2)], t.total.s())
    ),
    "body is a chain with a chord and more": lambda: chord(
        one_and_two(), t.total.s() | group(t.add.s(1), t.add.s(2)) | t.total.s() | t.add.s(1)
    ),
    "body is a chain that begins with a group": lambda: chord(
        one_and_two(), chain(group(t.total.s(), t.total.s()), t.total.s())
    ),
    "header of a chain": lambda: chord([t.same.s(1) | t.add.s(1)], t.total.s()),
    "header of chains": lambda: chord(
        [t.same.s(1) | t.add.s(1), t.same.s(2) | t.add.s(2)], t.total.s()
    ),
    "header of chains of three": lambda: chord(
        [t.same.s(1) | t.add.s(1) | t.add.s(2), t.same.s(2) | t.add.s(2) | t.add.s(3)], t.total.s()
    ),
    "header of a chain and a task": lambda: chord(
        [t.same.s(1) | t.add.s(1), t.same.s(5)], t.total.s()
    ),
    "header of a group and a task": lambda: chord(
        [group(one_and_two()), t.same.s(5)], t.everything.s()
    ),
    "header of a task and a group": lambda: chord(
        [t.same.s(5), group(one_and_two())], t.everything.s()
    ),
    "header of groups": lambda: chord(
        [group(one_and_two()), group(t.same.s(3), t.same.s(4))], t.everything.s()
    ),
    "header of groups in groups": lambda: chord(
        [group(t.same.s(1), group(t.same.s(2), t.same.s(3))), t.same.s(4)], t.everything.s()
    ),
    "header of a chain that ends in a group": lambda: chord(
        [t.same.s(1) | group(t.add.s(1), t.add.s(2))], t.everything.s()
    ),
    "header of a chain that ends in a group, and a task": lambda: chord(
        [t.same.s(1) | group(t.add.s(1), t.add.s(2)), t.same.s(5)], t.everything.s()
    ),
    "header of a task, and a chain that ends in a group": lambda: chord(
        [t.same.s(5), t.same.s(1) | group(t.add.s(1), t.add.s(2))], t.everything.s()
    ),
    "header of a chain with a group inside": lambda: chord(
        [t.same.s(1) | group(t.add.s(1), t.add.s(2)) | t.total.s(), t.same.s(5)], t.everything.s()
    ),
    "header of a chord": lambda: chord([chord(one_and_two(), t.total.s())], t.everything.s()),
    "header of a chord and a task": lambda: chord(
        [chord(one_and_two(), t.total.s()), t.same.s(5)], t.everything.s()
    ),
    "header of chords": lambda: chord(
        [chord(one_and_two(), t.total.s()), chord([t.same.s(3), t.same.s(4)], t.total.s())],
        t.everything.s(),
    ),
    "header of a chord with a chain as body": lambda: chord(
        [chord(one_and_two(), t.total.s() | t.add.s(1)), t.same.s(5)], t.everything.s()
    ),
    "header of a chord with a group as body": lambda: chord(
        [chord(one_and_two(), group(t.total.s(), t.total.s())), t.same.s(5)], t.everything.s()
    ),
    "header of a chain that begins with a chord": lambda: chord(
        [chord(one_and_two(), t.total.s()) | t.add.s(1), t.same.s(5)], t.everything.s()
    ),
    "header of a chain that ends in a chord": lambda: chord(
        [t.same.s(1) | chord([t.add.s(1), t.add.s(2)], t.total.s()), t.same.s(5)], t.everything.s()
    ),
    "three deep": lambda: chord(
        [chord([chord([t.same.s(1)], t.total.s())], t.total.s())], t.total.s()
    ),
    "four deep with siblings": lambda: chord(
        [
            t.same.s(1),
            chord([t.same.s(2), chord([t.same.s(3), t.same.s(4)], t.total.s())], t.total.s()),
        ],
        t.total.s(),
    ),
    "header with maps": lambda: chord(
        [t.same.map([1, 2]), t.add.starmap([(1, 2)])], t.everything.s()
    ),
    "header of chunks": lambda: chord(
        t.add.chunks([(1, 2), (3, 4), (5, 6)], 2).group(), t.everything.s()
    ),
    "header with retries": lambda: chord([t.retry_once.s(1), t.same.s(2)], t.total.s()),
    "body that retries": lambda: chord(one_and_two(), t.retry_once.s()),
    "body chain that retries": lambda: chord(one_and_two(), t.total.s() | t.retry_once.s()),
    "header chain that retries": lambda: chord(
        [t.same.s(1) | t.retry_once.s(), t.same.s(2)], t.total.s()
    ),
    "header that returns None": lambda: chord([t.nothing.s(), t.same.s(2)], t.everything.s()),
    "header that returns bytes": lambda: chord(
        [t.returns_bytes.s()], t.everything.s() | t.nothing.s()
    ),
    "header with ignored results": lambda: chord([t.silent.s(1), t.same.s(2)], t.everything.s()),
    "header chain with ignored results": lambda: chord(
        [t.silent.s(1) | t.add.s(1), t.same.s(2)], t.everything.s()
    ),
    "body with ignored result": lambda: chord(one_and_two(), t.silent.s()),
    "body with a countdown": lambda: chord(one_and_two(), t.total.s().set(countdown=0.1)),
    "extended by its header": lambda: chord([t.extend_chord.s(1), t.same.s(2)], t.total.s()),
    "with the same signature many times": lambda: chord([t.same.s(1)] * 3, t.total.s()),
}

OTHERS = {
    "called with a body": lambda: chord(one_and_two())(t.total.s()),
    "called": lambda: chord(one_and_two(), t.total.s())(),
    "called with arguments": lambda: chord([t.add.s(1), t.add.s(2)], t.total.s()).delay(10),
    "with keyword arguments": lambda: chord([t.add.s(1), t.add.s(2)], t.total.s()).apply_async(
        (10,), {"z": 5}
    ),
    "with a countdown": lambda: chord(one_and_two(), t.total.s()).apply_async(countdown=0.1),
    "with interval and max_retries": lambda: chord(
        one_and_two(), t.total.s(), interval=1, max_retries=2
    ),
    "with a link": lambda: chord(one_and_two(), t.total.s()).apply_async(link=t.add.s(100)),
    "without a body": lambda: chord(one_and_two()).delay(),
    "linked": lambda: _linked(),
    "sent twice": lambda: _twice(),
    "of a lazy generator": lambda: _lazily(lambda calls: chord(calls, t.total.s())),
    "of a lazy group": lambda: _lazily(lambda calls: chord(group(calls), t.total.s())),
    "of a lazy group | task": lambda: _lazily(lambda calls: group(calls) | t.total.s()),
    "of a map": lambda: _lazily(lambda calls: chord(map(t.same.s, calls), t.total.s()), range(3)),
    "of a lazy generator, called with a body": lambda: _lazily(
        lambda calls: chord(calls), send=lambda canvas: canvas(t.total.s())
    ),
    "of a lazy generator, sent twice": lambda: _lazily(
        lambda calls: chord(calls, t.total.s()),
        send=lambda canvas: (canvas.delay(), canvas.delay())[1],
    ),
    "of a lazy generator, frozen": lambda: _lazily(
        lambda calls: chord(calls, t.total.s()),
        send=lambda canvas: (canvas.freeze(), canvas.delay())[1],
    ),
    "lazy members of a group": lambda: _lazily(group),
    "lazy members of a group, counted": lambda: _lazily(
        group, send=lambda canvas: (len(canvas), canvas.delay())[1]
    ),
    "lazy steps of a chain": lambda: _lazily(lambda calls: chain(calls)),
    "lazy group in a chain": lambda: _lazily(lambda calls: chain(group(calls), t.total.s())),
    "lazy group behind a task": lambda: _lazily(lambda calls: t.same.si(1) | group(calls)),
    "of a long generator": lambda: _lazily(
        lambda calls: chord(map(t.same.s, calls), t.total.s()), range(600)
    ),
    "of a generator that raises": lambda: _raising(lambda calls: chord(calls, t.total.s())),
    "a group of a generator that raises": lambda: _raising(group),
    "a lazy map": lambda: _lazily(lambda calls: t.same.map(calls), range(3)),
    "length": lambda: [
        chord([t.same.s(1), group(one_and_two())], t.total.s()).__length_hint__(),
        chord([t.same.s(1) | t.same.s()], t.total.s()).__length_hint__(),
    ],
}


def _linked():
    canvas = chord(one_and_two(), t.total.s())
    canvas.link(t.add.s(100))
    return canvas


def _twice():
    canvas = chord(one_and_two(), t.total.s())
    first, second = canvas.delay(), canvas.delay()
    return lambda: [first.get(timeout=1), second.get(timeout=1), first.id != second.id]


def _raising(make):
    """Return what becomes of a canvas whose generator raises."""

    def read():
        yield t.same.si(1)
        yield t.same.si(2)
        raise LookupError("no more")

    try:
        result = make(read()).delay()
    except LookupError as error:
        raised = repr(error)
        return lambda: raised
    return lambda: result.get(timeout=1)


def _lazily(make, items=None, send=lambda canvas: canvas.delay()):
    """Return when a generator was read: how far when the canvas was made, and when it was sent."""
    made = []

    def read():
        for number in range(3) if items is None else items:
            made.append(number)
            yield t.same.si(number) if items is None else number

    canvas = make(read())
    before = len(made)
    result = send(canvas)
    return lambda: [before, len(made), result.get(timeout=1)]
