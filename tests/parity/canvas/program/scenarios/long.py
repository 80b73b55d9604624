"""Chains of more calls than one message carries."""

import tasks as t
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord

#: More than twice as many as a message carries here.
LENGTH = 40
MIDDLE = 20


def counting(*, first=0, places=None):
    """Return calls that count from `first`, others in some of the places."""
    calls = [t.add.s(first, 1), *(t.add.s(1) for _ in range(LENGTH - 1))]
    for place, call in (places or {}).items():
        calls[place] = call
    return calls


def long(**options):
    return chain(*counting(**options))


CANVASES = {
    "counting": lambda: long(),
    "failing in the middle": lambda: long(places={MIDDLE: t.fail.s()}),
    "in a header": lambda: chord([long(), long(first=5), t.same.s(1)], t.total.s()),
    "failing in a header": lambda: chord(
        [long(places={MIDDLE: t.fail.s()}), t.same.s(1)], t.total.s()
    ),
    "behind a chord": lambda: chain(
        group(t.same.s(1), t.same.s(2)), t.total.s(), *(t.add.s(1) for _ in range(LENGTH))
    ),
}

PRODUCTS = {
    "failing first": lambda: long(places={0: t.fail.s()}),
    "failing last": lambda: long(places={LENGTH - 1: t.fail.s()}),
    "rejected in the middle": lambda: long(places={MIDDLE: t.rejects.s()}),
    "unregistered in the middle": lambda: long(places={MIDDLE: t.app.signature("not.registered")}),
    "unserializable in the middle": lambda: long(places={MIDDLE: t.unserializable.s()}),
    "retrying in the middle": lambda: long(places={MIDDLE: t.retry_once.s()}),
    "retrying often": lambda: long(places={n: t.retry_once.s() for n in range(10, LENGTH, 10)}),
    "retrying in vain": lambda: long(places={MIDDLE: t.retry_in_vain.s()}),
    "retrying in a header": lambda: chord(
        [long(places={MIDDLE: t.retry_once.s()}), t.same.s(1)], t.total.s()
    ),
    "replaced in the middle": lambda: long(places={MIDDLE: t.become_add.s(1)}),
    "replaced often": lambda: long(places={n: t.become_add.s(1) for n in range(10, LENGTH, 10)}),
    "replaced by a chain": lambda: long(places={MIDDLE: t.become_chain.s()}),
    "replaced by a chord": lambda: long(places={MIDDLE: t.become_chord.s()}),
    "replaced by a group": lambda: chain(
        *counting()[:MIDDLE], t.become_group.s(), t.total.s(), *counting()[1:]
    ),
    "replaced by a long chain": lambda: long(places={MIDDLE: t.become.s(long())}),
    "replaced in a header": lambda: chord(
        [long(places={MIDDLE: t.become_add.s(1)}), t.same.s(1)], t.total.s()
    ),
    "extending its chord at the end": lambda: chord(
        [chain(*counting(), t.extend_chord.s())], t.total.s()
    ),
    "with a group at the end": lambda: long() | group(t.add.s(1), t.add.s(2)),
    "with a chord in the middle": lambda: chain(
        *counting(), group(t.add.s(1), t.add.s(2)), t.total.s(), *counting()[1:]
    ),
    "immutable in the middle": lambda: long(places={MIDDLE: t.same.si(1000)}),
    "with an errback": lambda: long(places={MIDDLE: t.fail.s()}).on_error(t.old_errback.s()),
    "with a new errback": lambda: long(places={MIDDLE: t.fail.s()}).on_error(t.new_errback.s()),
    "with a link": lambda: _linked(),
    "with links in the middle": lambda: _linked_inside(),
    "stamped": lambda: _stamped(),
    "sent by a task": lambda: t.calls.s(long()),
}


def _linked():
    canvas = long()
    canvas.link(t.everything.s("linked"))
    return canvas


def _linked_inside():
    calls = counting()
    for place in (3, MIDDLE):
        calls[place].link(t.everything.s("linked", place))
    return chain(*calls)


def _stamped():
    canvas = long(places={MIDDLE: t.retry_once.s()})
    canvas.stamp(who="tester")
    return canvas
