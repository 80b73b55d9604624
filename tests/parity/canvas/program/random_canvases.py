"""Canvases by chance: the same seed makes the same canvas, whichever library it is made with."""

import random

import tasks as t
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord

#: Tasks that take whatever comes before them, and how often they are drawn.
STEPS = {
    "same": (12, lambda value: t.everything.s(value)),
    "immutable": (2, lambda value: t.same.si(value)),
    "fail": (1, lambda value: t.fail.s(value)),
    "retry": (1, lambda value: t.retry_any.s(value)),
    "retry in vain": (0.5, lambda value: t.retry_any_in_vain.s(value)),
    "become a task": (1, lambda value: t.become.s(t.same.s(value))),
    "become a chain": (0.5, lambda value: t.become.s(t.same.s(value) | t.everything.s())),
    "become a group": (0.5, lambda value: t.become.s(group(t.same.s(value), t.same.s(value)))),
    "become a chord": (
        0.5,
        lambda value: t.become.s(chord([t.same.s(value)] * 2, t.everything.s())),
    ),
    "with a link": (0.5, lambda value: _linked(t.everything.s(value))),
    "with an errback": (0.5, lambda value: t.fail.s(value).on_error(t.old_errback.s())),
}


def random_canvas(seed, depth=4):
    """Return the canvas of a seed."""
    return _canvas(random.Random(seed), depth, top=True)


def _linked(signature):
    signature.link(t.everything.s("linked"))
    return signature


def _step(chance):
    names = list(STEPS)
    name = chance.choices(names, [STEPS[name][0] for name in names])[0]
    return STEPS[name][1](chance.randrange(100))


def _canvas(chance, depth, top=False):
    kinds = ["step", "chain", "group", "chord", "joined"]
    kind = chance.choices(kinds, [0 if top else 4, 3, 2, 2, 2])[0] if depth else "step"
    if kind == "step":
        return _step(chance)
    if kind == "chain":
        return chain(*[_canvas(chance, depth - 1) for _ in range(chance.randint(2, 3))])
    if kind == "group":
        return group([_canvas(chance, depth - 1) for _ in range(chance.randint(1, 3))])
    if kind == "chord":
        header = [_canvas(chance, depth - 1) for _ in range(chance.randint(1, 3))]
        return chord(header, _canvas(chance, depth - 1))
    joined = _canvas(chance, depth - 1)
    for _ in range(chance.randint(1, 2)):
        joined = joined | _canvas(chance, depth - 1)
    return joined
