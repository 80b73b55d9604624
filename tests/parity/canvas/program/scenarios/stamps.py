"""Stamps: what a visitor writes on every call."""

import tasks as t
from tasks import canvas as library
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord


class Everywhere(library.StampingVisitor):
    """Stamps every call alike."""

    def on_signature(self, sig, **headers):
        return {"mark": "m", "stamped_headers": ["mark"]}


class Unnamed(library.StampingVisitor):
    """Does not say which of its headers are stamps: all are."""

    def on_signature(self, sig, **headers):
        return {"mark": "u"}


class Places(library.StampingVisitor):
    """Says where a call stands."""

    def on_signature(self, sig, **headers):
        return {"task": sig.task}

    def on_group_start(self, group, **headers):
        return {"grouped": True}

    def on_chain_start(self, chain, **headers):
        return {"chained": True}

    def on_chord_header_start(self, chord, **headers):
        super().on_chord_header_start(chord, **headers)
        return {"header": True}

    def on_chord_body(self, chord, **headers):
        return {"body": True}

    def on_callback(self, callback, **headers):
        return {"linked": True}

    def on_errback(self, errback, **headers):
        return {"guarded": True}


def stamped(canvas, *visitors, **headers):
    """Return a canvas with stamps."""
    for visitor in visitors:
        canvas.stamp(visitor)
    if headers:
        canvas.stamp(**headers)
    return canvas


def linked(canvas):
    canvas.link(t.add.s(10))
    return canvas


SHAPES = {
    "a task": lambda: t.same.s(1),
    "a chain": lambda: t.same.s(1) | t.add.s(2) | t.add.s(3),
    "a group": lambda: group(t.same.s(1), t.same.s(2)),
    "a chord": lambda: chord([t.same.s(1), t.same.s(2)], t.total.s()),
    "a chain with a chord": lambda: chain(t.same.s(1), group(t.add.s(1), t.add.s(2)), t.total.s()),
    "a retry": lambda: t.retry_once.s(1),
    "a replacement": lambda: t.become.s(t.same.s(1) | t.add.s(2)),
    "a link": lambda: linked(t.same.s(1)),
    "an errback": lambda: t.fail.s().on_error(t.old_errback.s()),
    "a nested chord": lambda: chord(
        [chord([t.same.s(1)], t.total.s()), t.same.s(2)], t.total.s() | t.add.s(1)
    ),
}

CANVASES = {
    f"{name} {how}": lambda shape=shape, stamp=stamp: stamp(shape())
    for name, shape in SHAPES.items()
    for how, stamp in {
        "stamped alike": lambda canvas: stamped(canvas, Everywhere()),
        "stamped by place": lambda canvas: stamped(canvas, Places()),
        "stamped with headers": lambda canvas: stamped(canvas, colour="red"),
    }.items()
}
CANVASES |= {
    "unnamed": lambda: stamped(t.same.s(1) | t.add.s(1), Unnamed()),
    "two visitors": lambda: stamped(t.same.s(1) | t.add.s(1), Everywhere(), Places()),
    "stamped twice": lambda: stamped(stamped(t.same.s(1), colour="red"), colour="blue"),
    "step stamped before": lambda: stamped(
        chain(stamped(t.same.s(1), colour="red"), t.add.s(1)), size=1
    ),
    "a step only": lambda: chain(stamped(t.same.s(1), colour="red"), t.add.s(1)),
}

OTHERS = {
    "when sent": lambda: t.same.s(1).apply_async(stamped_headers=["colour"], colour="red"),
    "appended": lambda: _appended(),
}


def _appended():
    signature = t.same.s(1)
    signature.stamp(colour="red")
    signature.stamp(append_stamps=True, colour="blue")
    return [signature.options["colour"], sorted(signature.options["stamped_headers"])]
