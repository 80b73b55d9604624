"""Arguments of calls: what is refused, and with which words."""

import functools

from harness import celery, new_app, outcome, sent


def _text(call, *args, **kwargs):
    found = outcome(call, *args, **kwargs)
    return found if isinstance(found, dict) and "raises" in found else "sent"


def wrong_arguments():
    app = new_app()

    @app.task
    def none():
        pass

    @app.task
    def add(x, y):
        pass

    @app.task
    def defaults(x, y=1, *, z, w=None):
        pass

    @app.task
    def positional(x, /, y):
        pass

    @app.task
    def anything(*args, **kwargs):
        pass

    @app.task(bind=True)
    def bound(self, x):
        pass

    @app.task(typing=False)
    def unchecked(x):
        pass

    @app.task(autoretry_for=(ValueError,))
    def retried(x):
        pass

    return [
        _text(none.delay), _text(none.delay, 1), _text(none.delay, x=1),
        _text(add.delay), _text(add.delay, 1), _text(add.delay, 1, 2), _text(add.delay, 1, 2, 3),
        _text(add.delay, 1, x=1), _text(add.delay, 1, 2, z=3), _text(add.delay, x=1, y=2),
        _text(defaults.delay), _text(defaults.delay, 1), _text(defaults.delay, 1, z=1),
        _text(defaults.delay, 1, 2, 3), _text(defaults.delay, 1, 2, z=1, w=2, v=3),
        _text(positional.delay, 1, 2), _text(positional.delay, 1, y=2),
        _text(anything.delay, 1, 2, a=3), _text(bound.delay), _text(bound.delay, 1),
        _text(bound.delay, 1, 2), _text(bound.delay, y=1), _text(unchecked.delay, 1, 2, 3),
        _text(retried.delay), _text(retried.delay, 1),
    ]  # fmt: skip


def odd_functions():
    app = new_app()

    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    @app.task
    @decorate
    def wrapped(x):
        return x

    annotated = app.task(_annotated)
    mutable = app.task(_mutable)
    return [
        _text(wrapped.delay), _text(wrapped.delay, 1), _text(annotated.delay), _text(annotated.delay, 1, "b"),
        _text(mutable.delay), _text(mutable.delay, 1, 2),
    ]  # fmt: skip


def _annotated(x: "Missing", y: int = 3, *rest: str, z: list = [], **more: dict) -> "Missing":  # noqa: B006, F821
    pass


def _mutable(x=object(), *, y=functools):  # noqa: B008
    pass


def kinds_of_args():
    app = new_app()

    @app.task
    def add(x, y=0):
        return x + y

    return [
        _text(add.apply_async, (1, 2)), _text(add.apply_async, [1, 2]),
        _text(add.apply_async, (1,), {"y": 2}), _text(add.apply_async, "ab"),
        _text(add.apply_async, {"x": 1}), _text(add.apply_async, None, {"x": 1}),
        outcome(add.apply_async, (1,), [("y", 2)])["raises"], outcome(add.apply_async, 3)["raises"],
        _text(app.send_task, "add", "ab"), _text(app.send_task, "add", (1,), "ab"),
        _text(app.send_task, "add", 3), _text(app.send_task, "unknown", (1,), {"a": 1}),
        _text(app.send_task, "add", {1}), _text(add.apply_async, {1}),
    ]  # fmt: skip


def strict_typing_of_the_app():
    app = new_app(strict_typing=False)

    @app.task
    def add(x, y):
        pass

    @app.task(typing=True)
    def checked(x, y):
        pass

    return [_text(add.delay), _text(checked.delay)]


def unserializable():
    app = new_app()

    @app.task
    def take(x):
        pass

    def kind(value, **options):
        found = outcome(take.apply_async, (value,), **options)
        return found.get("raises") if isinstance(found, dict) else "sent"

    return [
        kind(object()), kind({1: 2}), kind({(1, 2): 3}), kind(lambda: 1), kind(1j),
        kind(float("nan")), kind(object(), serializer="pickle"), kind(lambda: 1, serializer="pickle"),
        kind(1, serializer="nothing"), kind(b"bytes"), kind({1, 2}), kind(range(3)), kind(iter([1])),
    ]  # fmt: skip


def what_is_sent():
    app = new_app()

    @app.task
    def add(*args, **kwargs):
        pass

    return [
        sent(app, add.delay, 1, y=2), sent(app, add.apply_async), sent(app, add.apply_async, [3]),
        sent(app, add.s(1).delay, 2), sent(app, add.si(1).delay, 2), sent(app, add.s(1, a=1).delay, a=2),
        sent(app, add.signature((1,), countdown=None, priority=3).apply_async),
        sent(app, celery.signature("far.away", (1,), app=app).delay),
    ]  # fmt: skip
