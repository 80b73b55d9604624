"""Links and errbacks."""

import warnings

import tasks as t
from tasks import celery

chain, group, chord = celery.chain, celery.group, celery.chord


def linked(canvas, *links):
    """Return a canvas with links."""
    for link in links:
        canvas.link(link)
    return canvas


def guarded(canvas, *errbacks):
    """Return a canvas with errbacks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for errback in errbacks:
            canvas.link_error(errback)
    return canvas


def header():
    return [t.same.s(1), t.same.s(2)]


CANVASES = {
    "link": lambda: linked(t.same.s(1), t.add.s(2)),
    "two links": lambda: linked(t.same.s(1), t.add.s(2), t.add.s(3)),
    "the same link twice": lambda: linked(t.same.s(1), t.add.s(2), t.add.s(2)),
    "immutable link": lambda: linked(t.same.s(1), t.same.si(2)),
    "link that is a chain": lambda: linked(t.same.s(1), t.add.s(2) | t.add.s(3)),
    "link that is a group": lambda: linked(t.same.s(1), group(t.add.s(2), t.add.s(3))),
    "link that is a chord": lambda: linked(
        t.same.s(1), chord([t.add.s(2), t.add.s(3)], t.total.s())
    ),
    "link of a link": lambda: linked(t.same.s(1), linked(t.add.s(2), t.add.s(3))),
    "links that are groups and tasks": lambda: linked(
        t.same.s(1), group(t.add.s(2), t.add.s(3)), t.add.s(4), group(t.add.s(5))
    ),
    "link of a failure": lambda: linked(t.fail.s(1), t.everything.s()),
    "link of a retry": lambda: linked(t.retry_once.s(1), t.add.s(2)),
    "link of a chain": lambda: linked(t.same.s(1) | t.add.s(1), t.add.s(100)),
    "link of a step": lambda: chain(linked(t.same.s(1), t.add.s(100)), t.add.s(1)),
    "link of a chord": lambda: linked(chord(header(), t.total.s()), t.add.s(100)),
    "link of a member of a group": lambda: group(linked(t.same.s(1), t.add.s(100)), t.same.s(2)),
    "link of a header's task": lambda: chord(
        [linked(t.same.s(1), t.add.s(100)), t.same.s(2)], t.total.s()
    ),
    "link of a body": lambda: chord(header(), linked(t.total.s(), t.add.s(100))),
    "link of a chain in a chain": lambda: chain(
        linked(t.same.s(1) | t.add.s(1), t.add.s(100)), t.add.s(3)
    ),
    "link of a chain in a group": lambda: group(
        linked(t.same.s(1) | t.add.s(1), t.add.s(100)), t.same.s(3)
    ),
    "link of map": lambda: linked(t.same.map([1, 2]), t.total.s()),
    "link that fails": lambda: linked(t.same.s(1), t.fail.s()),
    "errback": lambda: guarded(t.fail.s(), t.old_errback.s()),
    "errback with arguments": lambda: guarded(t.fail.s(), t.old_errback_with.s(extra=1)),
    "immutable errback": lambda: guarded(t.fail.s(), t.same.si("called")),
    "errback of a success": lambda: guarded(t.same.s(1), t.old_errback.s()),
    "two errbacks": lambda: guarded(t.fail.s(), t.old_errback.s(), t.old_errback_with.s(extra=2)),
    "new errback": lambda: guarded(t.fail.s(), t.new_errback.s()),
    "new errback with an argument": lambda: guarded(t.fail.s(), t.new_errback_with.s("mine")),
    "old and new errbacks": lambda: guarded(t.fail.s(), t.new_errback.s(), t.old_errback.s()),
    "errback that fails": lambda: guarded(t.fail.s(), t.fail.s()),
    "new errback that fails": lambda: guarded(t.fail.s(), t.bad_errback.s(), t.new_errback.s()),
    "errback that is a chain": lambda: guarded(t.fail.s(), t.old_errback.s() | t.same.s()),
    "errback that is a group": lambda: guarded(t.fail.s(), group(t.old_errback.s(), t.same.s())),
    "errback of an errback": lambda: guarded(t.fail.s(), guarded(t.fail.s(), t.old_errback.s())),
    "link of an errback": lambda: guarded(t.fail.s(), linked(t.old_errback.s(), t.same.s())),
    "errback after retries": lambda: guarded(t.retry_in_vain.s(1), t.old_errback.s()),
    "new errback after retries": lambda: guarded(t.retry_in_vain.s(1), t.new_errback.s()),
    "errback after automatic retries": lambda: guarded(t.retry_by_itself.s(1), t.new_errback.s()),
    "on_error": lambda: t.fail.s().on_error(t.old_errback.s()),
    "on_error in a chain": lambda: chain(
        t.same.s(1), t.fail.s().on_error(t.old_errback.s()), t.same.s()
    ),
    "errback of a chain, first fails": lambda: guarded(t.fail.s() | t.same.s(), t.old_errback.s()),
    "errback of a chain, last fails": lambda: guarded(t.same.s(1) | t.fail.s(), t.old_errback.s()),
    "errback of a chain, middle fails": lambda: guarded(
        t.same.s(1) | t.fail.s() | t.same.s(), t.old_errback.s()
    ),
    "new errback of a chain": lambda: guarded(
        t.same.s(1) | t.fail.s() | t.same.s(), t.new_errback.s()
    ),
    "errback of a chain in a chain": lambda: chain(
        t.same.s(1), guarded(t.add.s(1) | t.fail.s(), t.old_errback.s()), t.same.s()
    ),
    "errbacks of a chain and its step": lambda: guarded(
        chain(t.same.s(1), t.fail.s().on_error(t.old_errback_with.s(extra=3))), t.old_errback.s()
    ),
    "errback of a group": lambda: guarded(group(t.same.s(1), t.fail.s()), t.old_errback.s()),
    "errback of a group, two fail": lambda: guarded(
        group(t.fail.s(1), t.fail.s(2)), t.new_errback.s()
    ),
    "errback of a chain that ends in a group": lambda: guarded(
        t.same.s(1) | group(t.add.s(1), t.fail.s()), t.old_errback.s()
    ),
    "errback of a chord, header fails": lambda: guarded(
        chord([t.same.s(1), t.fail.s()], t.total.s()), t.old_errback.s()
    ),
    "new errback of a chord, header fails": lambda: guarded(
        chord([t.same.s(1), t.fail.s()], t.total.s()), t.new_errback.s()
    ),
    "errback of a chord, two of the header fail": lambda: guarded(
        chord([t.fail.s(1), t.fail.s(2)], t.total.s()), t.old_errback_with.s()
    ),
    "errback of a chord, body fails": lambda: guarded(
        chord(header(), t.fail.s()), t.old_errback.s()
    ),
    "new errback of a chord, body fails": lambda: guarded(
        chord(header(), t.fail.s()), t.new_errback.s()
    ),
    "errback of a body, header fails": lambda: chord(
        [t.same.s(1), t.fail.s()], t.total.s().on_error(t.old_errback.s())
    ),
    "errback of a chain as body, header fails": lambda: chord(
        [t.same.s(1), t.fail.s()], guarded(t.total.s() | t.add.s(1), t.old_errback.s())
    ),
    "errback of a chord with a chain as body, header fails": lambda: guarded(
        chord([t.same.s(1), t.fail.s()], t.total.s() | t.add.s(1)), t.old_errback.s()
    ),
    "errback of a chord with a chain as body, its last fails": lambda: guarded(
        chord(header(), t.total.s() | t.fail.s()), t.old_errback.s()
    ),
    "errback of a chord with a group as body, header fails": lambda: guarded(
        chord([t.same.s(1), t.fail.s()], group(t.total.s(), t.total.s())), t.old_errback.s()
    ),
    "errback of a chord with a group as body, one fails": lambda: guarded(
        chord(header(), group(t.total.s(), t.fail.s())), t.old_errback.s()
    ),
    "errback of a chord in a chain, header fails": lambda: chain(
        t.same.s(1), guarded(chord([t.add.s(1), t.fail.s()], t.total.s()), t.old_errback.s())
    ),
    "errback of a chain with a chord, header fails": lambda: guarded(
        t.same.s(1) | group(t.add.s(1), t.fail.s()) | t.total.s(), t.old_errback.s()
    ),
    "errback of a chain with a chord and more, header fails": lambda: guarded(
        t.same.s(1) | group(t.add.s(1), t.fail.s()) | t.total.s() | t.add.s(1), t.old_errback.s()
    ),
    "errback of a header's task": lambda: chord(
        [t.same.s(1), t.fail.s().on_error(t.old_errback.s())], t.total.s()
    ),
    "errback of a chord in a header, its header fails": lambda: chord(
        [guarded(chord([t.fail.s(), t.same.s(1)], t.total.s()), t.old_errback.s()), t.same.s(2)],
        t.total.s(),
    ),
    "errback of a chord with a chord in its header that fails": lambda: guarded(
        chord([chord([t.fail.s(), t.same.s(1)], t.total.s()), t.same.s(2)], t.total.s()),
        t.old_errback.s(),
    ),
    "errback of a chord with a chord as body, header fails": lambda: guarded(
        chord([t.fail.s(), t.same.s(1)], chord([t.total.s(), t.total.s()], t.total.s())),
        t.old_errback.s(),
    ),
    "errback of map": lambda: guarded(t.fail.map([1]), t.old_errback.s()),
    "errback of a group in a chord, header": lambda: chord(
        guarded(group(t.fail.s(), t.same.s(1)), t.old_errback.s()), t.total.s()
    ),
}

OTHERS = {
    "with options": lambda: t.same.apply_async((1,), link=t.add.s(2), link_error=t.old_errback.s()),
    "with lists of options": lambda: t.fail.apply_async(
        (1,), link=[t.add.s(2)], link_error=[t.old_errback.s(), t.new_errback.s()]
    ),
    "given twice": lambda: linked(t.same.s(1), t.add.s(2)).apply_async(link=t.add.s(3)),
    "link as a dictionary": lambda: t.same.apply_async((1,), link=dict(t.add.s(2))),
    "chord called with an errback": lambda: chord(
        [t.fail.s(), t.same.s(1)], t.total.s()
    ).apply_async(link_error=t.old_errback.s()),
    "chord with a group as body called with an errback": lambda: chord(
        [t.fail.s(), t.same.s(1)], group(t.total.s(), t.total.s())
    ).apply_async(link_error=t.old_errback.s()),
    "what they return": lambda: _returned(),
    "flattened": lambda: [
        repr(part) for part in linked(t.same.s(1), linked(t.add.s(2), t.add.s(3))).flatten_links()
    ],
    "with chords' headers": lambda: _on_header([t.same.s(1), t.fail.s()], t.total.s()),
    "with chords' headers, two fail": lambda: _on_header([t.fail.s(1), t.fail.s(2)], t.total.s()),
    "with chords' headers, body fails": lambda: _on_header(header(), t.fail.s()),
    "with chords' headers, group as body": lambda: _on_header(
        [t.fail.s(1), t.same.s(2)], group(t.total.s(), t.total.s())
    ),
    "with chords' headers, chains": lambda: _on_header(
        [t.fail.s(1) | t.same.s(), t.same.s(2)], t.total.s()
    ),
}


def _returned():
    signature, link = t.same.s(1), t.add.s(2)
    return [
        signature.link(link) is link,
        signature.link_error(link) is link,
        signature.on_error(link) is signature,
        len(signature.options["link"]),
        len(signature.options["link_error"]),
    ]


def _on_header(header, body):
    t.app.conf.task_allow_error_cb_on_chord_header = True
    try:
        return guarded(chord(header, body), t.old_errback_with.si("x")).delay()
    finally:
        t.app.conf.task_allow_error_cb_on_chord_header = False
