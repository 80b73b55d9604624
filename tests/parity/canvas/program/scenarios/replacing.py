"""Calls that let others take their place."""

import tasks as t
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord


def linked(signature, link):
    signature.link(link)
    return signature


WITH = {
    "a task": lambda: t.same.s(5),
    "a chain": lambda: t.same.s(5) | t.add.s(1),
    "a group": lambda: group(t.same.s(5), t.same.s(6)),
    "a group of one": lambda: group([t.same.s(5)]),
    "a chord": lambda: chord([t.same.s(5), t.same.s(6)], t.total.s()),
    "a chain that ends in a group": lambda: t.same.s(5) | group(t.add.s(1), t.add.s(2)),
    "a failing task": lambda: t.fail.s(),
    "a chain that fails first": lambda: t.fail.s() | t.same.s(),
    "a group that fails": lambda: group(t.fail.s(), t.same.s(1)),
    "a chord whose header fails": lambda: chord([t.fail.s(), t.same.s(1)], t.total.s()),
    "a retrying task": lambda: t.retry_once.s(5),
    "a replacing task": lambda: t.become.s(t.same.s(6)),
}

INTO = {
    "alone": lambda sig: t.become.s(sig),
    "first in a chain": lambda sig: chain(t.become.s(sig), t.everything.s()),
    "last in a chain": lambda sig: chain(t.same.s(1), t.become.s(sig)),
    "middle of a chain": lambda sig: chain(
        t.same.s(1), t.become.s(sig), t.everything.s(), t.everything.s()
    ),
    "in a group": lambda sig: group(t.become.s(sig), t.same.s(2)),
    "in a header": lambda sig: chord([t.become.s(sig), t.same.s(2)], t.everything.s()),
    "in a chain in a header": lambda sig: chord(
        [t.become.s(sig) | t.everything.s(), t.same.s(2)], t.everything.s()
    ),
    "at the end of a chain in a header": lambda sig: chord(
        [t.same.s(1) | t.become.s(sig), t.same.s(2)], t.everything.s()
    ),
    "in a body": lambda sig: chord([t.same.s(1), t.same.s(2)], t.become.s(sig)),
    "with a link": lambda sig: linked(t.become.s(sig), t.everything.s("linked")),
    "with an errback": lambda sig: t.become.s(sig).on_error(t.old_errback.s()),
}

PRODUCTS = {
    f"{into}, with {name}": lambda canvas=canvas, make=make: canvas(make())
    for into, canvas in INTO.items()
    for name, make in WITH.items()
}
CANVASES = {
    "by a partial call": lambda: chain(t.same.s(1), t.become_add.s(2), t.add.s(3)),
    "by a chain of its own": lambda: chain(t.same.s(1), t.become_chain.s(), t.add.s(3)),
    "by a group of its own": lambda: chain(t.same.s(1), t.become_group.s(), t.total.s()),
    "by a chord of its own": lambda: chain(t.same.s(1), t.become_chord.s(), t.add.s(3)),
    "twice": lambda: chain(t.same.s(1), t.become_again.s(), t.add.s(3)),
    "twice in a row": lambda: chain(t.same.s(1), t.become_add.s(2), t.become_add.s(3), t.add.s(4)),
    "all of a header": lambda: chord([t.become_add.s(1, 1), t.become_chain.s(2)], t.everything.s()),
    "groups of a header": lambda: chord(
        [t.become_group.s(1), t.become_group.s(2)], t.everything.s()
    ),
    "chords of a header": lambda: chord(
        [t.become_chord.s(1), t.become_chord.s(2)], t.everything.s()
    ),
    "before a group": lambda: chain(t.become_add.s(1, 1), group(t.add.s(1), t.add.s(2))),
    "before a chord": lambda: chain(
        t.become_group.s(1), group(t.total.s(), t.total.s()), t.total.s()
    ),
    "linked with a chain": lambda: t.become.s(
        linked(t.same.s(5) | t.add.s(1), t.everything.s("own"))
    ),
    "linked with a task, in a chain": lambda: chain(
        t.become.s(linked(t.same.s(5), t.everything.s("own"))), t.add.s(1)
    ),
    "extends its chord": lambda: chord([t.extend_chord.s(1), t.extend_chord.s(2)], t.total.s()),
    "outside of a chord": lambda: t.extend_chord.s(1),
    "with an empty chain": lambda: t.become.s(chain()),
    "with part of a chord": lambda: t.become.s(t.same.s(1).set(chord=dict(t.total.s()))),
}
