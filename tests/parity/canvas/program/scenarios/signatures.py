"""Signatures as values."""

import copy
import json
import pickle

import tasks as t
from observing import plain
from tasks import app, canvas, celery

chain, group, chord = celery.chain, celery.group, celery.chord
signature, Signature = canvas.signature, canvas.Signature


def data(value):
    """Return what JSON makes of a signature."""
    return json.loads(json.dumps(value, default=lambda part: part.__json__()))


def described(value):
    """Return how a signature shows, and what JSON makes of it."""
    return [repr(value), data(value)]


def merged(value, args=(), kwargs=None, **options):
    copied = value.clone(args, kwargs, **options)
    return [list(copied.args), plain(dict(copied.kwargs)), plain(copied.options), copied.immutable]


DESCRIBED = {
    "task": lambda: t.add.s(1, 2),
    "with keyword arguments": lambda: t.add.s(1, y=2),
    "immutable": lambda: t.add.si(1, 2),
    "with options": lambda: t.add.signature((1, 2), countdown=10, queue="q"),
    "subtask": lambda: t.add.subtask((1, 2), {"z": 3}),
    "by name": lambda: signature("add", args=(1, 2), app=app),
    "of the app": lambda: app.signature("add", (1, 2), immutable=True),
    "of a dictionary": lambda: signature(dict(t.add.s(1, 2)), app=app),
    "from_dict": lambda: Signature.from_dict(dict(t.add.s(1, 2)), app=app),
    "set": lambda: t.add.s(1, 2).set(countdown=5, immutable=True),
    "set of set": lambda: t.add.s(1).set(priority=3).set(priority=5, queue="x"),
    "link": lambda: _linked(),
    "chain": lambda: t.add.s(1, 2) | t.add.s(3),
    "chain of three": lambda: chain(t.add.s(1, 2), t.add.s(3), t.add.s(4)),
    "group": lambda: group(t.add.s(1, 2), t.add.s(3, 4)),
    "empty group": lambda: group([]),
    "nested group": lambda: group(t.add.s(1, 2), group(t.add.s(3, 4))),
    "long group": lambda: group(t.same.s(i) for i in range(12)),
    "chord": lambda: chord([t.add.s(1, 2), t.add.s(3, 4)], t.total.s()),
    "group | task": lambda: group(t.add.s(1, 2), t.add.s(3, 4)) | t.total.s(),
    "task | group": lambda: t.same.s(1) | group(t.add.s(2), t.add.s(3)),
    "task | group | task": lambda: t.same.s(1) | group(t.add.s(2), t.add.s(3)) | t.total.s(),
    "chord | task": lambda: chord([t.same.s(1)], t.total.s()) | t.add.s(1),
    "map": lambda: t.same.map([1, 2]),
    "starmap": lambda: t.add.starmap([(1, 2)]),
    "chunks": lambda: t.add.chunks([(1, 2), (3, 4)], 1),
    "chunks group": lambda: t.add.chunks([(1, 2), (3, 4), (5, 6)], 2).group(),
    "stamped": lambda: t.same.s(1).set(stamped_headers=["a"], a=1),
}


def _linked():
    value = t.add.s(1, 2)
    value.link(t.add.s(3))
    value.link_error(t.old_errback.s())
    return value


OTHERS = {f"repr of {name}": lambda make=make: repr(make()) for name, make in DESCRIBED.items()}
OTHERS |= {f"JSON of {name}": lambda make=make: data(make()) for name, make in DESCRIBED.items()}
OTHERS |= {
    f"copies of {name}": lambda make=make: [
        type(copy.copy(make())).__name__.strip("_"),
        described(make().clone()) == described(make()),
        described(pickle.loads(pickle.dumps(make()))) == described(make()),
        described(Signature.from_dict(data(make()), app=app)) == described(make()),
    ]
    for name, make in DESCRIBED.items()
}
OTHERS |= {
    "clone with arguments": lambda: merged(t.add.s(2), (1,)),
    "clone with keyword arguments": lambda: merged(t.add.s(2, z=1), (), {"z": 2}),
    "clone with options": lambda: merged(t.add.s(2).set(queue="a"), queue="b", countdown=1),
    "clone immutable": lambda: merged(t.add.si(1, 2), (5,), {"z": 1}, countdown=1),
    "replace": lambda: described(
        t.add.s(1, 2).replace(args=(3, 4), kwargs={"z": 1}, options={"queue": "q"})
    ),
    "called": lambda: [t.add.s(1)(2), t.add.s(1, 2)(), t.add.si(1, 2)()],
    "called through a partial": lambda: [t.add.s(2).clone((1,))()],
    "apply": lambda: [t.add.s(1).apply((2,)).get(), t.add.si(1, 2).apply((9,)).get()],
    "apply_async with arguments": lambda: t.add.s(2).apply_async((1,)),
    "apply_async with keyword arguments": lambda: t.add.s(2, z=1).apply_async((1,), {"z": 7}),
    "delay with arguments": lambda: t.everything.s(3, key=1).delay(1, 2, other=2),
    "delay immutable": lambda: t.everything.si(3).delay(1, 2),
    "inverted": lambda: ~t.add.s(1, 2),
    "with an id": lambda: [t.add.s(1, 2).set(task_id="mine").id],
    "parts": lambda: [
        t.add.s(1).task,
        t.add.s(1).name,
        list(t.add.s(1).args),
        t.add.s(1).kwargs,
        t.add.s(1).options,
        t.add.s(1).subtask_type,
        t.add.s(1).immutable,
        t.add.s(1).type.name,
        t.add.s(1).id,
        t.add.s(1).root_id,
        t.add.s(1).parent_id,
    ],
    "reprcall": lambda: [t.add.s(2).reprcall(1, z=3), t.add.s().reprcall()],
    "equal": lambda: [
        t.add.s(1) == t.add.s(1),
        t.add.s(1) == t.add.s(2),
        t.add.s(1) == dict(t.add.s(1)),
    ],
    "maybe_signature": lambda: [
        canvas.maybe_signature(None),
        repr(canvas.maybe_signature(t.add.s(1))),
        repr(canvas.maybe_signature(dict(t.add.s(1)), app=app)),
    ],
    "unchained": lambda: [repr(step) for step in (t.add.s(1, 2) | t.add.s(3)).unchain_tasks()],
    "unchained with links": lambda: _unchained(),
    "partial of a chain": lambda: (t.add.s(1) | t.add.s(2)).clone((3,)).delay(),
    "partial of a group": lambda: group(t.add.s(1), t.add.s(2)).apply_async((3,)),
    "types from JSON": lambda: [
        type(
            Signature.from_dict(json.loads(json.dumps(make(), default=dict)), app=app)
        ).__name__.strip("_")
        for make in DESCRIBED.values()
    ],
    "in place or": lambda: described(_in_place()),
    "frozen keys": lambda: _frozen_keys(),
    "set returns itself": lambda: _set_returns_itself(),
    "sum of a generator": lambda: described(chain(t.add.s(i) for i in range(3))),
    "chain of one": lambda: described(chain(t.add.s(1, 2))),
    "type names": lambda: sorted(Signature.TYPES),
    "keys": lambda: [sorted(make()) for make in DESCRIBED.values()],
}


def _unchained():
    value = t.add.s(1, 2) | t.add.s(3)
    value.link(t.same.s())
    value.link_error(t.old_errback.s())
    return [described(step) for step in value.unchain_tasks()]


def _in_place():
    value = t.add.s(1, 2)
    value |= t.add.s(3)
    return value


def _frozen_keys():
    value = t.add.s(1, 2)
    value.freeze("my-id", group_id="g", root_id="r", parent_id="p", group_index=3)
    # Celery names a queue of its own, which only its "rpc" results need.
    value.options.pop("reply_to", None)
    return plain(dict(value))


def _set_returns_itself():
    value = t.add.s(1)
    return [
        value.set(queue="q") is value,
        value.set(immutable=True) is value,
        value.clone() is value,
    ]
