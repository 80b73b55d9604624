"""Calls that are run in the caller: `apply` and `task_always_eager`."""

from harness import celery, exceptions, new_app, outcome, shown, states


def results():
    app = new_app()

    @app.task(name="add")
    def add(x, y):
        return x + y

    result = add.apply((1, 2), task_id="mine")
    return [
        type(result).__name__, result.id, result.get(), result.state, result.status, result.successful(),
        result.ready(), result.failed(), result.traceback, result.name, result.result,
        add.apply([3], {"y": 4}).get(), outcome(add.apply), add.apply((1,)).state,
        shown(add.apply((1,)).result),
    ]  # fmt: skip


def failures():
    app = new_app()

    @app.task
    def fail():
        raise ValueError("no")

    result = fail.apply()
    return [
        result.state, shown(result.result), result.failed(), outcome(result.get),
        shown(result.get(propagate=False)), outcome(fail.apply, throw=True),
        outcome(lambda: fail.apply(throw=False).state),
    ]  # fmt: skip


def propagating():
    app = new_app(task_eager_propagates=True)

    @app.task
    def fail():
        raise ValueError("no")

    @app.task(bind=True, default_retry_delay=0)
    def retried(self):
        if self.request.retries < 2:
            raise self.retry()
        return "worked"

    @app.task(bind=True, default_retry_delay=0, max_retries=1)
    def exceeded(self):
        raise self.retry(exc=KeyError("k"))

    return [
        outcome(fail.apply), outcome(lambda: fail.apply(throw=False).state),
        outcome(lambda: retried.apply().get()), outcome(exceeded.apply),
    ]  # fmt: skip


def always():
    app = new_app(task_always_eager=True)

    @app.task(name="add")
    def add(x, y=2):
        return x + y

    @app.task(bind=True)
    def me(self):
        return [self.request.is_eager, self.request.called_directly]

    @app.task
    def same(x):
        return x

    @app.task
    def outer():
        return [add.delay(1).get(disable_sync_subtasks=False), add.apply_async((1,)).state]

    return [
        add.delay(1).get(), add.apply_async((1,), {"y": 5}).state, add.s(1).delay().get(),
        outcome(add.delay), me.delay().get(), same.delay((1, 2)).get(), outcome(same.delay, object())["raises"],
        outcome(lambda: outer.delay().get()), type(add.delay(1)).__name__,
        add.apply_async((1,), countdown=100).get(), add.apply_async((1,), task_id="mine").id,
    ]  # fmt: skip


def always_and_propagating():
    app = new_app(task_always_eager=True, task_eager_propagates=True)

    @app.task
    def fail():
        raise ValueError("no")

    @app.task
    def outer():
        fail.delay()

    return [outcome(fail.delay), outcome(outer.delay)]


def waiting_inside_a_task():
    app = new_app(task_always_eager=True)

    @app.task
    def inner():
        return 1

    @app.task
    def outer():
        return inner.delay().get()

    result = outer.delay()
    return [result.state, shown(result.result)["error"]]


_REQUEST = [
    "id",
    "args",
    "kwargs",
    "retries",
    "root_id",
    "parent_id",
    "group",
    "group_index",
    "chord",
    "chain",
    "callbacks",
    "errbacks",
    "eta",
    "expires",
    "timelimit",
    "delivery_info",
    "called_directly",
    "is_eager",
    "correlation_id",
    "reply_to",
    "origin",
    "headers",
    "stamps",
    "stamped_headers",
    "replaced_task_nesting",
    "ignore_result",
    "shadow",
    "utc",
    "logfile",
    "loglevel",
    "task",
    "children",
    "time_limit",
    "soft_time_limit",
    "properties",
    "taskset",
]


def requests():
    app = new_app()

    @app.task(bind=True, name="t")
    def task(self, *args, **kwargs):
        return shown({name: self.request.get(name, "<none>") for name in _REQUEST})

    @app.task(bind=True, name="limited", time_limit=10, soft_time_limit=5, ignore_result=True)
    def limited(self):
        return shown({name: self.request.get(name, "<none>") for name in _REQUEST})

    return [
        task.apply((1,), {"y": 2}, task_id="mine").get(),
        task.apply(task_id="mine", headers={"a": 1}, link=task.s(), retries=2, priority=3).get(),
        task.apply(task_id="mine", routing_key="r", exchange="e", logfile="f", loglevel=3).get(),
        task.apply(task_id="mine", stamped_headers=["s"], s="v", ignore_result=True).get(),
        limited.apply(task_id="mine").get(), shown({name: task.request.get(name) for name in _REQUEST}),
    ]  # fmt: skip


def nested():
    app = new_app()

    @app.task(bind=True, name="inner")
    def inner(self):
        return [self.request.id, self.request.parent_id, self.request.root_id]

    @app.task(bind=True, name="outer")
    def outer(self):
        mine = [self.request.id, celery.current_task.name]
        direct = inner()
        eager = inner.apply(task_id="i").get(disable_sync_subtasks=False)
        return [mine, direct, eager, celery.current_task.name, self.request.id]

    return [outer.apply(task_id="o").get(), bool(celery.current_task), app.current_task]


def called_directly():
    app = new_app()

    @app.task(bind=True, name="t")
    def task(self, *args, **kwargs):
        return shown({name: self.request.get(name) for name in _REQUEST})

    @app.task(bind=True, name="outer")
    def outer(self):
        return [task(1), self.request.id]

    return [task(1, a=2), outer.apply(task_id="o").get(), outer()]


def ignoring_and_rejecting():
    app = new_app()

    @app.task(bind=True)
    def ignore(self):
        raise exceptions.Ignore()

    @app.task
    def reject():
        raise exceptions.Reject("bad", requeue=False)

    found = [[task.apply().state, shown(task.apply().result)] for task in (ignore, reject)]
    thrown = [
        outcome(lambda: ignore.apply(throw=True).state),
        outcome(lambda: reject.apply(throw=True).state),
    ]
    return [*found, *thrown, outcome(ignore), outcome(reject), states.IGNORED, states.REJECTED]


def custom_states():
    app = new_app(backend="cache+memory://")

    @app.task(bind=True)
    def progress(self):
        self.update_state(state="PROGRESS", meta={"done": 1})
        return app.backend.get_result(self.request.id)

    def outside():
        progress.update_state("some-id", "MINE", {"a": 1})
        result = app.AsyncResult("some-id")
        return [result.state, result.info]

    return [progress.apply().get(), outcome(outside), outcome(progress.update_state, state="X")]


def links():
    app = new_app()
    seen = []

    @app.task(name="add")
    def add(x, y=0):
        return x + y

    @app.task(name="note")
    def note(*args):
        seen.append(shown(args))

    @app.task(name="fail")
    def fail():
        raise ValueError("no")

    add.apply((1, 2), link=note.s())
    add.apply((1, 2), link=[note.s(9), note.si("fixed")])
    fail.apply(link=note.s("never"), link_error=note.si("failed"))
    add.s(1).set(link=note.s("sig")).apply((5,))
    app.conf.task_always_eager = True
    add.apply_async((2, 3), link=note.s("always"))
    return seen


def stored():
    app = new_app(task_store_eager_result=True)

    @app.task
    def add(x, y):
        return x + y

    @app.task
    def fail():
        raise ValueError("no")

    @app.task(ignore_result=True)
    def ignored():
        return 1

    ids = [add.apply((1, 2)).id, fail.apply().id, ignored.apply().id]
    found = [app.AsyncResult(one) for one in ids]
    return [[one.state, shown(one.result)] for one in found]


def sending_by_name_is_not_eager():
    app = new_app(task_always_eager=True)

    @app.task(name="add")
    def add(x, y):
        return x + y

    return [
        type(app.send_task("add", (1, 2))).__name__,
        type(app.signature("add", (1, 2)).delay()).__name__,
    ]
