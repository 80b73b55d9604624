"""What fails, and what becomes of the rest."""

import tasks as t
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord

CANVASES = {
    "task": lambda: t.fail.s(1, "two"),
    "own exception": lambda: t.fail_own.s(),
    "expected exception": lambda: t.fail_expected.s(),
    "unregistered task": lambda: t.app.signature("not.registered", (1,)),
    "unserializable result": lambda: t.unserializable.s(),
    "retries in vain": lambda: t.retry_in_vain.s(1),
    "automatic retries in vain": lambda: t.retry_by_itself.s(1),
    "rejected": lambda: t.rejects.s(),
    "wrong arguments in a chain": lambda: chain(t.same.s(1), t.total.s(2, 3), t.same.s()),
    "first of a chain": lambda: chain(t.fail.s(), t.same.s(), t.same.s()),
    "middle of a chain": lambda: chain(t.same.s(1), t.fail.s(), t.same.s()),
    "last of a chain": lambda: chain(t.same.s(1), t.same.s(), t.fail.s()),
    "unserializable in a chain": lambda: chain(t.unserializable.s(), t.same.s()),
    "unregistered in a chain": lambda: chain(
        t.same.s(1), t.app.signature("not.registered"), t.same.s()
    ),
    "rejected in a chain": lambda: chain(t.rejects.s(), t.same.s()),
    "ignored in a chain": lambda: chain(t.same.s(1), t.ignores.s(), t.same.s()),
    "before a group": lambda: chain(t.fail.s(), group(t.same.s(), t.same.s())),
    "before a chord": lambda: chain(t.fail.s(), group(t.same.s(), t.same.s()), t.total.s()),
    "before a chord and more": lambda: chain(
        t.fail.s(), group(t.same.s(), t.same.s()), t.total.s(), t.same.s()
    ),
    "in a group": lambda: group(t.same.s(1), t.fail.s()),
    "in a chain in a group": lambda: group(t.fail.s() | t.same.s(), t.same.s(1)),
    "in a group at the end of a chain": lambda: chain(t.same.s(1), group(t.add.s(1), t.fail.s())),
    "header": lambda: chord([t.same.s(1), t.fail.s()], t.total.s()),
    "header, own exception": lambda: chord([t.same.s(1), t.fail_own.s()], t.total.s()),
    "header, two": lambda: chord([t.fail.s(1), t.fail.s(1)], t.total.s()),
    "header of one": lambda: chord([t.fail.s()], t.total.s()),
    "header, retries in vain": lambda: chord([t.same.s(1), t.retry_in_vain.s(2)], t.total.s()),
    "header, unregistered": lambda: chord(
        [t.same.s(1), t.app.signature("not.registered")], t.total.s()
    ),
    "header, unserializable": lambda: chord([t.same.s(1), t.unserializable.s()], t.total.s()),
    "header, rejected": lambda: chord([t.same.s(1), t.rejects.s()], t.total.s()),
    "header, ignored": lambda: chord([t.same.s(1), t.ignores.s()], t.everything.s()),
    "header, last of a chain": lambda: chord([t.same.s(1) | t.fail.s(), t.same.s(2)], t.total.s()),
    "header, first of a chain": lambda: chord([t.fail.s() | t.same.s(), t.same.s(2)], t.total.s()),
    "header, middle of a chain": lambda: chord(
        [t.same.s(1) | t.fail.s() | t.same.s(), t.same.s(2)], t.total.s()
    ),
    "header, first of a chain that ends in a group": lambda: chord(
        [t.fail.s() | group(t.same.s(), t.same.s()), t.same.s(2)], t.total.s()
    ),
    "header, group at the end of a chain": lambda: chord(
        [t.same.s(1) | group(t.fail.s(), t.same.s()), t.same.s(2)], t.everything.s()
    ),
    "header, nested group": lambda: chord(
        [group(t.fail.s(), t.same.s(1)), t.same.s(2)], t.total.s()
    ),
    "header, chord's header": lambda: chord(
        [chord([t.fail.s(), t.same.s(1)], t.total.s()), t.same.s(2)], t.total.s()
    ),
    "header, chord's body": lambda: chord(
        [chord([t.same.s(0), t.same.s(1)], t.fail.s()), t.same.s(2)], t.total.s()
    ),
    "header, chord's header three deep": lambda: chord(
        [chord([chord([t.fail.s()], t.total.s())], t.total.s())], t.total.s()
    ),
    "header, chain before its chord": lambda: chord(
        [t.fail.s() | chord([t.same.s(), t.same.s()], t.total.s()), t.same.s(2)], t.total.s()
    ),
    "header, chain after its chord": lambda: chord(
        [chord([t.same.s(1), t.same.s(2)], t.total.s()) | t.fail.s(), t.same.s(2)], t.total.s()
    ),
    "header, chord's chain as body": lambda: chord(
        [chord([t.fail.s(), t.same.s(1)], t.total.s() | t.add.s(1)), t.same.s(2)], t.total.s()
    ),
    "header, then a chain": lambda: chord([t.same.s(1), t.fail.s()], t.total.s() | t.add.s(1)),
    "header, then a chain of three": lambda: chord(
        [t.same.s(1), t.fail.s()], t.total.s() | t.add.s(1) | t.add.s(2)
    ),
    "header, then a group": lambda: chord(
        [t.same.s(1), t.fail.s()], group(t.total.s(), t.total.s())
    ),
    "header, then a chord": lambda: chord(
        [t.same.s(1), t.fail.s()], chord([t.total.s(), t.total.s()], t.total.s())
    ),
    "header, then a chain with a chord": lambda: chord(
        [t.same.s(1), t.fail.s()], t.total.s() | group(t.add.s(1), t.add.s(2)) | t.total.s()
    ),
    "header in a chain": lambda: chain(t.same.s(1), group(t.add.s(1), t.fail.s()), t.total.s()),
    "header in a chain and more": lambda: chain(
        t.same.s(1), group(t.add.s(1), t.fail.s()), t.total.s(), t.add.s(1)
    ),
    "header, then two groups": lambda: chain(
        group(t.same.s(1), t.fail.s()), group(t.total.s(), t.total.s()), t.total.s()
    ),
    "second of two chords": lambda: chain(
        group(t.same.s(1), t.same.s(2)), group(t.total.s(), t.fail.s()), t.total.s()
    ),
    "header in a group": lambda: group(chord([t.same.s(1), t.fail.s()], t.total.s()), t.same.s(2)),
    "body": lambda: chord([t.same.s(1), t.same.s(2)], t.fail.s()),
    "body, first of a chain": lambda: chord([t.same.s(1), t.same.s(2)], t.fail.s() | t.same.s()),
    "body, last of a chain": lambda: chord([t.same.s(1), t.same.s(2)], t.total.s() | t.fail.s()),
    "body, in a group": lambda: chord([t.same.s(1), t.same.s(2)], group(t.total.s(), t.fail.s())),
    "body, retries in vain": lambda: chord([t.same.s(1), t.same.s(2)], t.retry_in_vain.s()),
    "body, unregistered": lambda: chord(
        [t.same.s(1), t.same.s(2)], t.app.signature("not.registered")
    ),
    "body, unserializable": lambda: chord([t.same.s(1), t.same.s(2)], t.unserializable.s()),
    "body of a chord in a body": lambda: chord(
        [t.same.s(1)], chord([t.total.s(), t.total.s()], t.fail.s())
    ),
    "header of a chord in a body": lambda: chord(
        [t.same.s(1)], chord([t.total.s(), t.fail.s()], t.total.s())
    ),
    "map in a header": lambda: chord([t.fail.map([1, 2]), t.same.s(1)], t.total.s()),
    "chunk": lambda: t.fail.chunks([(1,), (2,)], 1),
}

OTHERS = {
    "unregistered by name": lambda: t.app.send_task("not.registered.either", (1,)),
    "wrong arguments": lambda: t.same.s(1, 2, 3).delay(),
    "wrong arguments in a group": lambda: group(t.same.s(1), t.same.s(1, 2, 3)).delay(),
    "wrong arguments in a header": lambda: chord(
        [t.same.s(1), t.same.s(1, 2, 3)], t.total.s()
    ).delay(),
    "soft limit above the hard one": lambda: t.same.s(1).apply_async(
        soft_time_limit=10, time_limit=1
    ),
    "without propagation": lambda: _without_propagation(),
    "of parents": lambda: _of_parents(),
    "arguments that are no JSON": lambda: chain(t.same.s(object()), t.same.s()).delay(),
    "expired in a chain": lambda: chain(
        t.same.s(1), t.add.s(1).set(expires=0.01, countdown=0.3), t.add.s(2)
    ).delay(),
    "expired in a header": lambda: chord(
        [t.same.s(1), t.same.s(2).set(expires=0.01, countdown=0.3)], t.total.s()
    ).delay(),
}


def _without_propagation():
    result = chain(t.same.s(1), t.fail.s(), t.same.s()).delay()
    return lambda: [
        repr(result.get(timeout=1, propagate=False)),
        result.state,
        result.parent.state,
        result.parent.parent.state,
        repr(result.parent.result),
        result.failed(),
        result.parent.failed(),
    ]


def _of_parents():
    result = chain(t.fail.s(), t.same.s(), t.same.s()).delay()

    def look():
        raised = []
        for call in (
            lambda: result.get(timeout=1),
            lambda: result.get(timeout=1, follow_parents=False),
            lambda: result.parent.get(timeout=1),
            result.maybe_throw,
        ):
            try:
                raised.append(call())
            except Exception as error:
                raised.append(repr(error))
        return raised

    return look
