"""Options of calls: what they become, and what is refused."""

import datetime

from harness import celery, new_app, outcome, sent, shown

UTC = datetime.UTC
FAR = datetime.datetime(2040, 1, 2, 3, 4, 5, tzinfo=UTC)


def _refused(call, *args, **kwargs):
    found = outcome(call, *args, **kwargs)
    return found["raises"] if isinstance(found, dict) and "raises" in found else "sent"


def _app(**settings):
    app = new_app(**settings)

    @app.task(name="add")
    def add(*args, **kwargs):
        pass

    return app, add


def times():
    app, add = _app()
    naive = FAR.replace(tzinfo=None)
    east = FAR.astimezone(datetime.timezone(datetime.timedelta(hours=8)))
    options = [
        {"eta": FAR}, {"eta": naive}, {"eta": east}, {"expires": FAR}, {"expires": naive},
        {"expires": FAR.isoformat()}, {"eta": FAR, "expires": FAR}, {"countdown": 0}, {"eta": None},
    ]  # fmt: skip
    return [sent(app, add.apply_async, (1,), **one) for one in options]


def times_in_a_zone():
    app, add = _app(timezone="Asia/Shanghai")
    naive = FAR.replace(tzinfo=None)
    return [
        sent(app, add.apply_async, (1,), **one)
        for one in ({"eta": FAR}, {"eta": naive}, {"expires": naive})
    ]


def relative_times():
    app, add = _app()

    def seconds(name, **options):
        [message] = sent(app, add.apply_async, **options)
        at = datetime.datetime.fromisoformat(message[name])
        return round((at - datetime.datetime.now(UTC)).total_seconds())

    return [
        seconds("eta", countdown=100), seconds("eta", countdown=100.4), seconds("eta", countdown=-5),
        seconds("expires", expires=100), seconds("expires", expires=0.2),
        seconds("expires", expires=-10), seconds("expires", expires=0),
        seconds("eta", countdown=datetime.timedelta(days=900).total_seconds()),
        seconds("eta", countdown=10, eta=FAR),
    ]  # fmt: skip


def bad_times():
    _, add = _app()
    options = [
        {"countdown": "soon"}, {"countdown": 1e20}, {"countdown": datetime.timedelta(1)},
        {"expires": "never"}, {"expires": 1e20}, {"countdown": float("inf")}, {"countdown": float("nan")},
    ]  # fmt: skip
    return [[str(list(one)), _refused(add.apply_async, (1,), **one)] for one in options]


def limits():
    app, add = _app()

    @app.task(time_limit=10, soft_time_limit=20, name="wrong")
    def wrong():
        pass

    @app.task(time_limit=20, soft_time_limit=10, name="limited")
    def limited():
        pass

    return [
        sent(app, add.apply_async, time_limit=5), sent(app, add.apply_async, soft_time_limit=5),
        sent(app, add.apply_async, time_limit=9, soft_time_limit=5),
        outcome(wrong.delay),
        sent(app, limited.delay), sent(app, limited.apply_async, time_limit=30),
        sent(app, limited.apply_async, time_limit=None), sent(app, app.send_task, "limited"),
        sent(app, app.send_task, "limited", time_limit=None),
    ]  # fmt: skip


def limits_of_the_configuration():
    app, add = _app(task_time_limit=30, task_soft_time_limit=20)
    return [sent(app, add.delay), sent(app, add.apply_async, soft_time_limit=3), add.time_limit]


def queues():
    app, add = _app(task_default_queue="usual")

    @app.task(queue="own", name="own")
    def own():
        pass

    return [
        [message["queue"] for message in sent(app, call, **options)]
        for call, options in [
            (add.delay, {}), (add.apply_async, {"queue": "other"}), (own.delay, {}),
            (own.apply_async, {"queue": "other"}), (add.apply_async, {"routing_key": "key"}),
            (add.apply_async, {"queue": "q", "routing_key": "key"}),
        ]
    ]  # fmt: skip


def priorities():
    app, add = _app()

    @app.task(priority=3, name="low")
    def low():
        pass

    set_by_configuration = _app(task_default_priority=7)
    return [
        sent(app, add.apply_async, priority=9)[0]["priority"], sent(app, low.delay)[0]["priority"],
        sent(app, low.apply_async, priority=0)[0]["priority"],
        sent(set_by_configuration[0], set_by_configuration[1].delay)[0]["priority"],
    ]  # fmt: skip


def other_options():
    app, add = _app()
    sig = add.s(5)
    options = [
        {"task_id": "mine"}, {"headers": {"x-a": 1, "x-b": [2]}}, {"ignore_result": True},
        {"ignore_result": False}, {"shadow": "another.name"}, {"link": sig}, {"link": [sig, add.si()]},
        {"link_error": sig}, {"root_id": "r", "parent_id": "p"}, {"group_id": "g", "group_index": 0},
        {"retries": 3}, {"reply_to": "me"}, {"compression": "zlib"}, {"argsrepr": "(*)", "kwargsrepr": "{*}"},
        {"retry": False, "retry_policy": {"max_retries": 1}}, {"producer": None, "connection": None},
        {"add_to_parent": False}, {"stamped_headers": ["s"], "s": "v"}, {"replaced_task_nesting": 2},
        {"serializer": "pickle"},
    ]  # fmt: skip
    return [[str(list(one)), sent(app, add.apply_async, (1,), **one)] for one in options]


def results():
    app, add = _app()
    result = add.apply_async((1,), task_id="mine")
    ignored = add.apply_async((1,), ignore_result=True)
    by_name = app.send_task("add", (1,), task_id="named")
    return [
        result.id, result.task_id, result.ignored, ignored.ignored, by_name.id, type(by_name).__name__,
        add.AsyncResult("x").id, str(result), result == "mine", result.parent,
    ]  # fmt: skip


def links_in_the_signature():
    app, add = _app()
    return [
        sent(app, add.s(1).set(link=add.s(2)).delay), sent(app, add.s(1).on_error(add.s(3)).delay),
        shown(dict(add.s(1, a=2).set(countdown=3, queue="q"))), shown(dict(add.si(1))),
    ]  # fmt: skip


def names_in_logs():
    def shadow_name(self, args, kwargs, options):
        return f"{self.name}({args[0]})" if args else None

    app = new_app()

    @app.task(shadow_name=shadow_name, name="shadowed")
    def task(*args):
        pass

    return [
        sent(app, task.delay, 5), sent(app, task.delay),
        sent(app, task.apply_async, (1,), shadow="given"),
    ]  # fmt: skip


def defaults_of_the_task():
    app = new_app()

    @app.task(name="t", expires=FAR, serializer="pickle", ignore_result=True, priority=2)
    def task(*args):
        pass

    return [
        sent(app, task.delay, 1), sent(app, task.apply_async, (1,), expires=None, priority=4),
        sent(app, app.send_task, "t", (1,)), task.delay().ignored, celery.states.PENDING,
    ]  # fmt: skip
