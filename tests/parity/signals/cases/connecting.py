"""Who hears a signal, by how it was connected."""

import gc
import sys
import time
import warnings

from harness import Celery, logged, module, new_app, outcome, shown

signals = module("celery.signals")
Signal = type(signals.task_success)


def _signal():
    return Signal(providing_args={"word"}, name="spoken")


class _Ear:
    """Keeps what it hears."""

    def __init__(self):
        self.heard = []

    def hear(self, sender=None, word=None, **kwargs):
        self.heard.append([str(sender), word, sorted(kwargs)])
        return word


def order_and_replies():
    signal, ear = _signal(), []

    def first(**kwargs):
        ear.append("first")
        return 1

    def second(**kwargs):
        ear.append("second")
        return 2

    signal.connect(first)
    signal.connect(second)
    replies = signal.send(sender="me", word="hello")
    return ear, [reply for _, reply in replies], [name.__name__ for name, _ in replies]


def arguments():
    signal, ear = _signal(), _Ear()
    signal.connect(ear.hear)
    signal.send(sender="me", word="hello")
    return ear.heard


def nobody():
    return _signal().send(sender="me", word="hello"), _signal().has_listeners()


def twice():
    signal, ear = _signal(), _Ear()
    signal.connect(ear.hear)
    signal.connect(ear.hear)
    signal.send(sender=None, word="once")
    return ear.heard


def two_instances():
    signal, one, other = _signal(), _Ear(), _Ear()
    signal.connect(one.hear)
    signal.connect(other.hear)
    signal.send(sender=None, word="both")
    return len(one.heard), len(other.heard)


def by_dispatch_uid():
    signal, heard = _signal(), []

    def first(**kwargs):
        heard.append("first")

    def second(**kwargs):
        heard.append("second")

    signal.connect(first, dispatch_uid="one")
    signal.connect(second, dispatch_uid="one")
    signal.send(sender=None)
    gone = signal.disconnect(dispatch_uid="one")
    signal.send(sender=None)
    return heard, gone


def by_sender():
    signal, ear = _signal(), _Ear()
    me, other = object(), object()
    signal.connect(ear.hear, sender=me)
    signal.send(sender=other, word="other")
    signal.send(sender=me, word="me")
    signal.send(sender=None, word="nobody")
    listening = signal.has_listeners(me), signal.has_listeners(other), signal.has_listeners()
    return [word for _, word, _ in ear.heard], listening


def by_name():
    signal, ear = _signal(), _Ear()
    signal.connect(ear.hear, sender="tasks.add")
    signal.send(sender="".join(["tasks", ".add"]), word="equal")
    signal.send(sender="tasks.sub", word="other")
    return ear.heard


def by_task():
    app, signal, ear = new_app(), _signal(), _Ear()

    @app.task(name="tasks.one")
    def one():
        pass

    @app.task(name="tasks.two")
    def two():
        pass

    signal.connect(ear.hear, sender=one)
    signal.send(sender=app.tasks["tasks.one"], word="one")
    signal.send(sender=app.tasks["tasks.two"], word="two")
    signal.send(sender="tasks.one", word="name")
    return [word for _, word, _ in ear.heard]


def by_shared_task():
    celery = module("celery")
    app, signal, ear = Celery("shared", broker="memory://"), _signal(), _Ear()

    @celery.shared_task(name="tasks.shared")
    def shared():
        pass

    signal.connect(ear.hear, sender=shared)
    signal.send(sender=app.tasks["tasks.shared"], word="shared")
    signal.send(sender=shared, word="itself")
    signal.send(sender=object(), word="other")
    return [word for _, word, _ in ear.heard]


def for_two_senders():
    signal, ear = _signal(), _Ear()
    signal.connect(ear.hear, sender="one")
    signal.connect(ear.hear, sender="two")
    signal.send(sender="one", word=1)
    signal.send(sender="two", word=2)
    signal.disconnect(ear.hear, sender="one")
    signal.send(sender="one", word=3)
    signal.send(sender="two", word=4)
    return [word for _, word, _ in ear.heard]


def decorator():
    signal, heard = _signal(), []

    @signal.connect
    def bare(**kwargs):
        heard.append("bare")

    @signal.connect()
    def empty(**kwargs):
        heard.append("empty")

    @signal.connect(sender="me", weak=False)
    def mine(**kwargs):
        heard.append("mine")

    signal.send(sender="me")
    signal.send(sender="you")
    return heard, bare.__name__, empty.__name__, mine.__name__


def weak():
    signal, heard = _signal(), []

    def connect(**options):
        def receiver(**kwargs):
            heard.append(kwargs["word"])

        signal.connect(receiver, **options)

    connect()
    gc.collect()
    signal.send(sender=None, word="weak")
    connect(weak=False)
    gc.collect()
    signal.send(sender=None, word="strong")
    return heard, signal.has_listeners()


def weak_method():
    signal, heard = _signal(), []

    class Receiver:
        def hear(self, word, **kwargs):
            heard.append(word)

    receiver = Receiver()
    signal.connect(receiver.hear)
    signal.send(sender=None, word="there")
    del receiver
    gc.collect()
    signal.send(sender=None, word="gone")
    return heard


def a_receiver_fails():
    signal, heard = _signal(), []

    def failing(**kwargs):
        raise KeyError("no")

    def next_one(**kwargs):
        heard.append("next")

    signal.connect(failing)
    signal.connect(next_one)
    with logged() as lines:
        replies = signal.send(sender=None)
    return heard, [shown(reply) for _, reply in replies], [line.split()[:3] for line in lines]


def without_keywords():
    return outcome(_signal().connect, lambda sender: None)


def disconnected():
    signal, ear = _signal(), _Ear()
    signal.connect(ear.hear)
    found = [signal.disconnect(ear.hear), signal.disconnect(ear.hear)]
    signal.send(sender=None, word="nobody")
    return found, ear.heard


def disconnect_with_weak():
    signal = _signal()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        signal.disconnect(lambda **kwargs: None, weak=True)
    return [(warning.category.__name__, str(warning.message)) for warning in caught]


def retried():
    signal, tries, slept = _signal(), [], []

    def receiver(**kwargs):
        tries.append(kwargs["word"])
        if len(tries) < 4:
            raise ConnectionError("later")
        return "at last"

    signal.connect(receiver, retry=True)
    # Celery's pauses are in kombu.
    clock = sys.modules.get("kombu.utils.functional", time)
    sleep, clock.sleep = clock.sleep, slept.append
    try:
        with logged() as lines:
            replies = signal.send(sender=None, word="again")
    finally:
        clock.sleep = sleep
    signal.connect(receiver, retry=True)
    count = len(signal.receivers)
    return tries, [reply for _, reply in replies], len(lines), count, signal.disconnect(receiver)


def names_and_arguments():
    # Celery does not list the last two in __all__.
    names = [name for name in dir(signals) if isinstance(getattr(signals, name), Signal)]
    return {name: sorted(getattr(signals, name).providing_args) for name in names}


def of_apps():
    app, heard = new_app(), []

    @app.on_after_configure.connect
    def configured(sender, **kwargs):
        heard.append(["configured", sender is app, sorted(kwargs)])

    @app.on_after_finalize.connect(sender=app)
    def finalized(sender, **kwargs):
        heard.append(["finalized", sender is app, sorted(kwargs)])

    @app.on_configure.connect
    def configure(**kwargs):
        heard.append(["configure", sorted(kwargs)])

    app.conf.task_default_queue  # noqa: B018
    app.finalize()
    return heard
