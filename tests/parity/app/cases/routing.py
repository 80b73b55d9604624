"""Where calls go."""

import re

from harness import OURS, exceptions, new_app, outcome, sent


class Exchange:
    def __init__(self, name="", type="direct"):
        self.name = name
        self.type = type


class Queue:
    """A queue as of kombu, for the side that has no kombu."""

    def __init__(self, name, exchange=None, routing_key="", **options):
        self.name = name
        self.exchange = exchange if not isinstance(exchange, str) else Exchange(exchange)
        self.routing_key = routing_key


if not OURS:
    from kombu import Exchange, Queue


class Router:
    def route_for_task(self, task, args=None, kwargs=None):
        return {"queue": "by_object"} if task == "object.task" else None


def _route(name, args, kwargs, options, task=None, **kw):
    if name == "function.task":
        return {"queue": f"by_{args[0]}", "priority": 4}
    if name == "plain.task":
        return "by_name"
    return None


def _queues(app, *names, **options):
    found = []
    for name in names:
        messages = sent(app, app.send_task, name, ("arg",), **options)
        found += [[name, message["queue"], message["priority"]] for message in messages]
    return found


NAMES = (
    "feed.import", "feed.tasks.other", "video.encode", "image.scale", "image.resize", "object.task",
    "function.task", "plain.task", "unknown.task",
)  # fmt: skip


def forms():
    table = {
        "feed.import": "exact",
        "feed.*": {"queue": "feeds", "priority": 3},
        re.compile(r"(video|image)\.(encode|scale)"): {"queue": "media"},
        "image.*": "images",
    }
    return [
        _queues(new_app(task_routes=routes), *NAMES)
        for routes in (
            None, table, [table], (list(table.items()),), [_route, table], _route, Router(),
            "routing:_route", "routing:Router", ["routing:_route", table],
        )
    ]  # fmt: skip


def the_call_goes_first():
    app = new_app(task_routes={"a": {"queue": "routed", "priority": 3}})
    return [
        _queues(app, "a"), _queues(app, "a", queue="mine"), _queues(app, "a", priority=8),
        _queues(app, "b", queue="mine"),
    ]  # fmt: skip


def the_task_goes_first():
    app = new_app(task_routes={"a": {"queue": "routed"}})

    @app.task(name="a", queue="own", shared=False)
    def a():
        pass

    return [sent(app, a.delay)[0]["queue"], sent(app, a.apply_async, queue="given")[0]["queue"]]


def configured_queues():
    app = new_app(
        task_queues=[Queue("one", Exchange("ex"), routing_key="k1"), Queue("two", routing_key="k2"), Queue("celery")],
        task_routes={"a": {"queue": "one"}, "b": {"queue": "new"}},
    )  # fmt: skip
    return [
        _queues(app, "a", "b", "c"), app.amqp.queues["one"].routing_key,
        app.amqp.queues["two"].name, app.amqp.default_queue.name,
    ]  # fmt: skip


def missing_queues():
    app = new_app(task_queues=[Queue("one"), Queue("celery")], task_create_missing_queues=False)
    routed = new_app(
        task_queues=[Queue("one"), Queue("celery")],
        task_create_missing_queues=False,
        task_routes={"a": {"queue": "gone"}},
    )
    return [
        _queues(app, "a", queue="one"), _queues(app, "a"), outcome(app.send_task, "a", queue="gone")["raises"],
        outcome(routed.send_task, "a")["raises"], issubclass(exceptions.QueueNotFound, KeyError),
    ]  # fmt: skip


def queues_of_the_app():
    app = new_app()
    named = new_app(task_default_queue="usual")
    names = [sorted(app.amqp.queues), sorted(named.amqp.queues), app.amqp.default_queue.name]
    made = app.amqp.queues["new"].name
    app.amqp.queues.select(["new"])
    chosen = sorted(app.amqp.queues.consume_from)
    app.amqp.queues.select_add("more")
    return [names, made, sorted(app.amqp.queues), chosen, sorted(app.amqp.queues.consume_from)]
