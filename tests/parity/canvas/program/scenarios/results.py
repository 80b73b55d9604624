"""What results tell of a canvas."""

import importlib
import json

import tasks as t
from observing import plain
from tasks import app, celery

chain, group, chord = celery.chain, celery.group, celery.chord
results = importlib.import_module(f"{celery.__name__}.result")


def _saved():
    result = group(t.same.s(1), t.same.s(2) | t.add.s(1)).delay()
    saved = result.save()

    def look():
        restored = app.GroupResult.restore(result.id)
        found = [
            saved is result or type(saved).__name__,
            restored == result,
            type(restored).__name__,
            restored.id == result.id,
            restored.get(timeout=1),
            [part.id for part in restored] == [part.id for part in result],
        ]
        restored.delete()
        return [*found, app.GroupResult.restore(result.id)]

    return look


def _saved_with_parent():
    result = chain(t.same.s(1), group(t.add.s(1), t.add.s(2))).delay()
    result.save()
    return lambda: [
        app.GroupResult.restore(result.id).get(timeout=1),
        app.GroupResult.restore(result.id).parent is not None,
        plain(app.GroupResult.restore(result.id)) == plain(result),
    ]


def _saved_chord():
    result = chord([t.same.s(1), t.same.s(2)], t.total.s()).delay()
    result.parent.save()
    return lambda: [app.GroupResult.restore(result.parent.id).get(timeout=1)]


def _saved_nested():
    result = group(t.same.s(1), t.same.s(2) | group(t.add.s(1), t.add.s(2))).delay()
    result.save()
    return lambda: [
        app.GroupResult.restore(result.id).get(timeout=1),
        [type(part).__name__ for part in app.GroupResult.restore(result.id)],
    ]


def _from_tuple(make):
    def scenario():
        result = make().delay()
        again = results.result_from_tuple(json.loads(json.dumps(result.as_tuple())), app=app)
        return lambda: [
            type(again).__name__,
            again == result,
            again.get(timeout=1),
            again.parent == result.parent,
            plain(again) == plain(result),
        ]

    return scenario


def _frozen(make):
    """Ids from `freeze()` are those of the call that is made of it later."""

    def scenario():
        canvas = make()
        frozen = canvas.freeze()
        sent = canvas.delay()
        return lambda: [
            plain(frozen.as_tuple()) == plain(sent.as_tuple()),
            frozen.id == sent.id,
            sent.get(timeout=1),
            frozen.get(timeout=1),
            sent.state if hasattr(sent, "state") else sent.ready(),
        ]

    return scenario


def _frozen_and_embedded(embed):
    """Ids from `freeze()` stay when the signature becomes part of something."""

    def scenario():
        inner = t.same.s(1)
        frozen = inner.freeze()
        result = embed(inner).delay()
        return lambda: [result.get(timeout=1), frozen.get(timeout=1), frozen.state]

    return scenario


def _in_results():
    result = group(t.same.s(1), t.same.s(2)).delay()
    return lambda: [
        result[0].id in result,
        result[0] == result[0].id,
        "other" in result,
        result == result.id,
        hash(result[0]) == hash(result[0].id),
    ]


def _result_set():
    one, two, bad = t.same.delay(1), t.same.delay(2), t.fail.delay()
    found = results.ResultSet([one, two], app=app)

    def look():
        values = [found.get(timeout=1), len(found), found.successful(), found.completed_count()]
        found.add(bad)
        found.add(bad)
        values += [len(found), found.failed(), found.completed_count()]
        values.append(plain(found.get(timeout=1, propagate=False)))
        found.remove(bad)
        found.update([one, two])
        values += [len(found), found.get(timeout=1)]
        found.discard(one)
        found.discard(one)
        values.append(len(found))
        found.clear()
        return [*values, len(found), found.get(timeout=1)]

    return look


def _iterated():
    result = group(t.same.s(1), t.same.s(2), t.same.s(3)).delay()
    seen = []
    return lambda: [
        sorted(meta["result"] for _, meta in result.iter_native(timeout=1)),
        result.join(timeout=1, callback=lambda id, value: seen.append(value)),
        seen,
    ]


def _graph_of():
    result = chain(t.same.s(1), t.add.s(2), t.add.s(3)).delay()
    return lambda: [
        result.get(timeout=1),
        len(result.as_list()),
        result.as_list()[0] == result.id,
    ]


def _graph():
    result = chain(t.same.s(1), t.add.s(2), t.add.s(3)).delay()

    def look():
        result.get(timeout=1)
        graph = result.parent.parent.graph
        return [len(list(graph)), sorted(len(graph[node]) for node in graph)]

    return look


def _forgotten():
    result = chain(t.same.s(1), t.add.s(2)).delay()

    def look():
        value = result.get(timeout=1)
        result.forget()
        return [value, result.state, result.parent.state]

    return look


def _forgotten_group():
    result = group(t.same.s(1), t.same.s(2)).delay()

    def look():
        value = result.get(timeout=1)
        result.forget()
        return [value, [app.AsyncResult(part.id).state for part in result]]

    return look


def _then():
    seen = []
    result = group(t.same.s(1), t.same.s(2)).delay()
    return lambda: [
        result.get(timeout=1, callback=lambda id, value: seen.append(value)),
        sorted(seen),
    ]


def _eager(make):
    def scenario():
        result = make().apply()
        return [type(result).__name__, result.get(), result.successful()]

    return scenario


OTHERS = {
    "save and restore": _saved,
    "save with a parent": _saved_with_parent,
    "save a chord's header": _saved_chord,
    "save nested": _saved_nested,
    "restore what is not there": lambda: [app.GroupResult.restore("nothing")],
    "chain from tuple": _from_tuple(lambda: t.same.s(1) | t.add.s(2)),
    "group from tuple": _from_tuple(lambda: group(t.same.s(1), t.same.s(2))),
    "chord from tuple": _from_tuple(lambda: chord([t.same.s(1), t.same.s(2)], t.total.s())),
    "frozen task": _frozen(lambda: t.same.s(1)),
    "frozen chain": _frozen(lambda: t.same.s(1) | t.add.s(2)),
    "frozen chain of three": _frozen(lambda: t.same.s(1) | t.add.s(2) | t.add.s(3)),
    "frozen group": _frozen(lambda: group(t.same.s(1), t.same.s(2))),
    "frozen group of chains": _frozen(lambda: group(t.same.s(1) | t.add.s(2), t.same.s(2))),
    "frozen chord": _frozen(lambda: chord([t.same.s(1), t.same.s(2)], t.total.s())),
    "frozen chain with a chord": _frozen(
        lambda: chain(t.same.s(1), group(t.add.s(1), t.add.s(2)), t.total.s())
    ),
    "frozen chain that ends in a group": _frozen(
        lambda: chain(t.same.s(1), group(t.add.s(1), t.add.s(2)))
    ),
    "frozen, then first of a chain": _frozen_and_embedded(lambda inner: inner | t.add.s(2)),
    "frozen, then last of a chain": _frozen_and_embedded(
        lambda inner: t.same.si(5) | inner.set(immutable=True)
    ),
    "frozen, then in a group": _frozen_and_embedded(lambda inner: group(inner, t.same.s(2))),
    "frozen, then in a header": _frozen_and_embedded(
        lambda inner: chord([inner, t.same.s(2)], t.total.s())
    ),
    "frozen, then a body": _frozen_and_embedded(
        lambda inner: chord([t.same.s(2)], inner.set(immutable=True))
    ),
    "frozen, then linked": _frozen_and_embedded(lambda inner: _linked(inner)),
    "in results": _in_results,
    "result set": _result_set,
    "iterated": _iterated,
    "of a chain": _graph_of,
    "graph": _graph,
    "forgotten chain": _forgotten,
    "forgotten group": _forgotten_group,
    "with a callback": _then,
    "eager chain": _eager(lambda: t.same.s(1) | t.add.s(2) | t.add.s(3)),
    "eager group": _eager(lambda: group(t.same.s(1), t.same.s(2))),
    "eager chord": _eager(lambda: chord([t.same.s(1), t.same.s(2)], t.total.s())),
    "eager chain with a chord": _eager(
        lambda: chain(t.same.s(1), group(t.add.s(1), t.add.s(2)), t.total.s())
    ),
    "eager map": _eager(lambda: t.same.map([1, 2])),
    "eager starmap": _eager(lambda: t.add.starmap([(1, 2)])),
    "eager chunks": _eager(lambda: t.add.chunks([(1, 2), (3, 4)], 1)),
    "eager nested group": _eager(lambda: group(t.same.s(1), group(t.same.s(2), t.same.s(3)))),
    "eager link": _eager(lambda: _with_link(t.same.s(1))),
    "eager chord | task": _eager(
        lambda: chord([t.same.s(1), t.same.s(2)], t.total.s()) | t.add.s(1)
    ),
    "eager replacement": _eager(lambda: t.become_add.s(1, 2)),
    "eager replacement by a group": _eager(lambda: t.become_group.s(1)),
    "eager replacement by a chord": _eager(lambda: t.become_chord.s(1)),
    "eager replacement in a chain": _eager(lambda: t.same.s(1) | t.become_add.s(2) | t.add.s(3)),
    "eager failure in a chain": _eager(lambda: t.fail.s() | t.same.s()),
}


def _linked(inner):
    first = t.same.s(9)
    first.link(inner.set(immutable=True))
    return first


def _with_link(signature):
    signature.link(t.add.s(1))
    return signature
