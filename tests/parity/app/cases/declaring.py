"""Tasks as they are declared: names, attributes, and the registry."""

from harness import Celery, celery, module, new_app, outcome

Task = celery.Task


def _one():
    return 1


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


def ancient_import():
    return [module("celery.app.task").Task is celery.Task]
