"""Classes of tasks: of a task's own, of an app, and bound later."""

from harness import Celery, celery, new_app, outcome

Task = celery.Task


class Named(Task):
    tag = "named"


def _one():
    return 1


def _same(x):
    return x


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
    by_name = Celery("b", broker="memory://", task_cls="task_classes:Named")
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


def task_of_no_app():
    app = new_app("current")
    app.set_current()

    class Free(Task):
        name = "free"

        def run(self):
            return self.app.main

    free = Free()
    return [free.app.main, free(), outcome(lambda: free.apply().get())]


def methods_of_their_own():
    app = new_app()

    class Ledger(Task):
        def load(self):
            return 2

        def consequences(self):
            return 3

    @app.task(base=Ledger, bind=True)
    def total(self):
        return self.load() + self.consequences()

    linked = app.task(_same, name="linked")
    return [total.apply().get(), total.apply(link=linked.s()).get()]
