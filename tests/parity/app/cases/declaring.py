"""Tasks as they are declared: names, classes, attributes, and when they are bound."""

from harness import Celery, celery, module, new_app, outcome

Task = celery.Task


class Named(Task):
    tag = "named"


def _kind(call, *args):
    return outcome(call, *args)["raises"]


def _one():
    return 1


def _same(x):
    return x


def _me(self):
    return self.name


def _fail():
    return 1 / 0


def names():
    app = new_app("proj")

    def plain():
        """Do it."""

    task = app.task(plain)
    named = app.task(name="given")(plain)
    main = Celery("mine", broker="memory://")

    def here():
        pass

    here.__module__ = "__main__"
    return [
        task.name,
        named.name,
        main.task(here).name,
        main.gen_task_name("x", "__main__"),
        main.gen_task_name("x", "some.where"),
        main.gen_task_name("x", ""),
        task.__name__,
        task.__doc__,
        sorted(name for name in app.tasks if not name.startswith("celery.")),
    ]


def name_generation_can_be_overridden():
    class App(Celery):
        def gen_task_name(self, name, module):
            return f"custom:{name}"

    app = App("x", broker="memory://")

    @app.task
    def add(x, y):
        return x + y

    class Old(app.Task):
        def run(self):
            pass

    return [add.name, app.register_task(Old()).name, sorted(n for n in app.tasks if ":" in n)]


def decorator_arguments():
    app = new_app()
    return [
        outcome(lambda: app.task(3)),
        outcome(lambda: app.task(_one, _one)),
        outcome(lambda: app.task(_one, name="a").name),
        outcome(lambda: app.task(bind=True, name="b")(_me)()),
        outcome(lambda: app.task(filter=lambda task: [task.name], name="c")(_one)),
    ]


def same_name_twice():
    app = new_app()

    def one():
        return 1

    def two():
        return 2

    first = app.task(one, name="n")
    second = app.task(two, name="n")
    return [first(), second(), first.name == second.name]


def attributes():
    app = new_app(task_serializer="pickle", task_ignore_result=True, task_track_started=True)

    @app.task(bind=True, max_retries=7, anything="mine", throws=(KeyError,))
    def task(self):
        """Its text."""

    names = [
        "max_retries",
        "default_retry_delay",
        "rate_limit",
        "ignore_result",
        "trail",
        "send_events",
        "serializer",
        "time_limit",
        "soft_time_limit",
        "track_started",
        "acks_late",
        "acks_on_failure_or_timeout",
        "acks_on_failure",
        "acks_on_timeout",
        "reject_on_worker_lost",
        "store_errors_even_if_ignored",
        "store_eager_result",
        "throws",
        "expires",
        "priority",
        "resultrepr_maxsize",
        "abstract",
        "typing",
        "anything",
        "name",
        "__doc__",
    ]
    return {name: getattr(task, name, "<none>") for name in names}


def attributes_before_binding():
    app = new_app()

    @app.task(max_retries=7)
    def task():
        pass

    app.conf.task_serializer = "yaml"
    app.conf.task_track_started = True
    app.conf.task_default_rate_limit = "3/s"
    return [task.max_retries, task.name, task.serializer, task.track_started, task.rate_limit]


def settings_may_come_late():
    app = new_app()

    @app.task
    def task():
        pass

    app.config_from_object({"task_serializer": "yaml", "task_time_limit": 9})
    return [task.serializer, task.time_limit, task.app is app]


def unbound_class():
    class Mine(Task):
        name = "mine"
        max_retries = 9

    return [Mine.max_retries, Mine.name, Mine.abstract, Task.max_retries, Task.name]


def base_class_is_kept():
    app = new_app()

    class Base(Task):
        abstract = True
        max_retries = 11

        def __init__(self):
            self.mine = []

        def __call__(self, *args, **kwargs):
            self.mine.append(args)
            return ("around", self.run(*args, **kwargs))

    @app.task(base=Base)
    def add(x, y):
        return x + y

    @app.task(base=Base, bind=True)
    def me(self, x):
        return [self.name, x, self.max_retries]

    return [
        add(1, 2), add.run(1, 2), add.mine, me(3), me.mine, add.max_retries, isinstance(add, Base), add.apply((4, 5)).get(),

    ]  # fmt: skip


def app_wide_class():
    class Base(Task):
        tag = "base"

        def run_it(self):
            return self.name

    by_argument = Celery("a", broker="memory://", task_cls=Base)
    by_name = Celery("b", broker="memory://", task_cls="declaring:Named")
    assigned = new_app("c")

    class Context(assigned.Task):
        tag = "flask"

        def __call__(self, *args, **kwargs):
            return ["in context", self.run(*args, **kwargs)]

    assigned.Task = Context
    return [
        by_argument.task(_one, name="x").tag,
        by_argument.task(_one, name="y").run_it(),
        outcome(lambda: by_name.task(_one, name="x").tag),
        assigned.task(_same, name="z")(5),
        assigned.task(_same, name="z").apply((5,)).get(),
        assigned.task(_same, name="z").tag,
    ]


def classes():
    app = new_app("proj")

    class Add(Task):
        name = "add"
        extra = 1

        def __init__(self, more=0):
            self.more = more

        def run(self, x, y):
            return x + y + self.more

    class Nameless(Task):
        def run(self):
            return self.name

    add = app.register_task(Add(5))
    nameless = app.register_task(Nameless)
    return [
        add(1, 2), add.apply((1, 2)).get(), add.name, add.app is app, app.tasks["add"] is add,
        nameless.name, nameless(), outcome(add.apply_async, (1,)), add.extra, outcome(Task().run),
    ]  # fmt: skip


def class_options():
    app = new_app()

    class Fails(Task):
        name = "fails"
        autoretry_for = (ValueError,)
        max_retries = 2
        default_retry_delay = 0
        tries = 0

        def run(self):
            type(self).tries += 1
            raise ValueError("no")

    task = app.register_task(Fails())
    result = task.apply()
    return [result.state, Fails.tries]


def on_bound_is_called():
    app = new_app("proj")
    seen = []

    class Base(Task):
        @classmethod
        def on_bound(cls, app):
            seen.append([cls.name, app.main])

    @app.task(base=Base, name="b")
    def task():
        pass

    before = list(seen)
    app.finalize()
    return [before, seen[:1]]


def annotations():
    def around(function):
        def wrapper(*args, **kwargs):
            return ["around", function(*args, **kwargs)]

        return wrapper

    def on_failure(self, exc, task_id, args, kwargs, einfo):
        seen.append([self.name, repr(exc)])

    seen = []

    class Object:
        def annotate(self, task):
            if task.name.endswith("b"):
                return {"rate_limit": "9/s"}
            return None

    app = new_app(
        task_annotations=[
            {"*": {"rate_limit": "1/s", "on_failure": on_failure}, "tasks.a": {"max_retries": 20}},
            Object(),
        ]
    )
    a = app.task(_fail, name="tasks.a")
    b = app.task(_one, name="tasks.b")
    app.finalize()
    a.apply()
    one = new_app(task_annotations={"tasks.c": {"time_limit": 3, "@on_success": around}})
    c = one.task(_one, name="tasks.c")
    one.finalize()
    return [
        a.rate_limit,
        a.max_retries,
        b.rate_limit,
        b.max_retries,
        c.time_limit,
        seen,
        c.on_success(1, 2, 3, 4),
    ]


def shared_tasks_belong_to_the_current_app():
    first = new_app("first")

    @celery.shared_task
    def shared(x):
        return x

    @celery.shared_task(bind=True, name="named", max_retries=8)
    def named(self):
        return [self.name, self.app.main]

    one = [shared.name, shared.app.main, shared(1), named(), named.max_retries]
    second = new_app("second")
    two = [shared.app.main, "named" in first.tasks, "named" in second.tasks, named()]
    first.set_current()
    three = [shared.app.main, shared.app is first, named.apply().get()]
    later = [first.tasks["named"].app.main, second.tasks["named"].app.main]
    return [one, two, three, later]


def shared_tasks_take_the_configuration_of_the_app():
    app = new_app("conf", task_serializer="pickle")
    app.set_current()

    @celery.shared_task(name="s1")
    def shared():
        pass

    one = shared.serializer
    other = new_app("other", task_serializer="json", task_always_eager=True)
    return [one, shared.serializer, shared.delay().state, app.main, other.main]


def not_finalized():
    app = Celery("strict", broker="memory://", autofinalize=False)

    @app.task(name="strict")
    def add(x, y):
        return x + y

    before = [_kind(lambda: app.tasks.keys()), _kind(lambda: add.delay(1, 2))]
    app.finalize()
    return [before, app.finalized, "strict" in app.tasks, add(1, 2)]


def finalizing_tells():
    app = new_app()
    seen = []

    @app.on_after_finalize.connect
    def after(sender, **kwargs):
        seen.append(["finalized", sender is app])

    @app.on_after_configure.connect
    def configured(sender, source=None, **kwargs):
        seen.append(["configured", sender is app, source["task_serializer"]])

    @app.on_configure.connect
    def configuring(sender, **kwargs):
        seen.append(["configuring", sender is app])

    app.finalize()
    app.finalize()
    app.conf.task_serializer  # noqa: B018
    return seen


def registry():
    app = new_app()
    add = app.task(_one, name="add")
    tasks = app.tasks
    return [
        outcome(lambda: tasks["gone"]),
        tasks["add"] is add or tasks["add"].name == add.name,
        outcome(tasks.unregister, "gone"),
        outcome(lambda: tasks.unregister("add")),
        "add" in tasks,
        tasks.get("gone"),
        type(tasks).__name__,
        outcome(lambda: tasks.register(type("X", (Task,), {})())),
    ]


def texts():
    app = new_app("proj")
    add = app.task(_one, name="add")
    return [repr(app.tasks["add"]), repr(app), str(add.name)]


def functions_keep_their_faces():
    app = new_app()

    @app.task
    def documented(x: int, y: str = "a") -> str:
        """Does."""
        return y

    import inspect

    return [
        documented.__doc__,
        documented.__name__,
        outcome(lambda: documented.__wrapped__(1, "b")),
        str(inspect.signature(documented.run)),
        documented.__qualname__,
    ]


def pickled_by_name():
    import pickle

    app = new_app()
    add = app.task(_one, name="add")
    app.set_current()
    again = pickle.loads(pickle.dumps(app.tasks["add"]))
    return [again.name, again is app.tasks["add"], add.name]


def task_of_no_app():
    app = new_app("current")
    app.set_current()

    class Free(Task):
        name = "free"

        def run(self):
            return self.app.main

    free = Free()
    return [free.app.main, free(), outcome(lambda: free.apply().get())]


def ancient_import():
    return [module("celery.app.task").Task is celery.Task]
