"""The methods that are called around a task's body: which, in which order, with what."""

from harness import celery, exceptions, new_app, outcome, plain, shown


def _declare(app, seen, **options):
    class Base(celery.Task):
        def before_start(self, *args):
            seen.append(["before_start", *_args(args)])

        def on_success(self, *args):
            seen.append(["on_success", *_args(args)])

        def on_failure(self, *args):
            seen.append(["on_failure", *_args(args)])

        def on_retry(self, *args):
            seen.append(["on_retry", *_args(args)])

        def after_return(self, *args):
            # Celery passes no exception info here, though its documentation says so; we do.
            seen.append(["after_return", *_args(args[:-1])])

    @app.task(base=Base, bind=True, **options)
    def task(self, what, *args):
        seen.append(["run", what])
        if what == "fail":
            raise ValueError("failed")
        if what == "retry" and self.request.retries == 0:
            raise self.retry(countdown=0, exc=KeyError("why"))
        if what == "retry without" and self.request.retries == 0:
            raise self.retry(countdown=0)
        if what == "ignore":
            raise exceptions.Ignore()
        if what == "reject":
            raise exceptions.Reject("bad", requeue=False)
        return [what]

    return task


def _args(args):
    return ["einfo" if type(one).__name__ == "ExceptionInfo" else shown(one) for one in args]


def order():
    found = []
    for what in ("work", "fail", "retry", "retry without", "ignore", "reject"):
        seen = []
        task = _declare(new_app(), seen, name="t")
        result = task.apply((what, 1), {}, task_id="mine")
        found.append([what, result.state, shown(result.result), seen])
    return found


def exception_info():
    app = new_app()
    found = []

    class Base(celery.Task):
        def on_failure(self, exc, task_id, args, kwargs, einfo):
            found.append(
                [einfo.type.__name__, type(einfo.traceback).__name__, "ValueError: no" in einfo.traceback,
                 "ValueError" in str(einfo), einfo.internal]
            )  # fmt: skip

    @app.task(base=Base)
    def task():
        raise ValueError("no")

    result = task.apply()
    return [found, "ValueError: no" in result.traceback, type(result.traceback).__name__]


def requests_in_handlers():
    app = new_app()
    found = []

    class Base(celery.Task):
        def on_success(self, retval, task_id, args, kwargs):
            found.append([self.request.id, self.request.args, celery.current_task.name])

        def before_start(self, task_id, args, kwargs):
            found.append([self.request.id, type(args).__name__, type(kwargs).__name__])

    @app.task(base=Base, name="t")
    def task(x):
        return x

    task.apply((1,), task_id="mine")
    return found


def handlers_that_fail():
    def run(handler, what):
        app = new_app()

        class Base(celery.Task):
            pass

        def fail(self, *args):
            raise KeyError(handler)

        setattr(Base, handler, fail)

        @app.task(base=Base)
        def task():
            if what == "fail":
                raise ValueError("own")
            return 1

        found = outcome(task.apply)
        if isinstance(found, dict):
            return found
        result = task.apply()
        return [result.state, shown(result.result)]

    return [run("before_start", "work")]


def handlers_as_options():
    app = new_app()
    seen = []

    def on_success(self, retval, task_id, args, kwargs):
        seen.append([self.name, retval, task_id])

    @app.task(name="t", on_success=on_success)
    def task():
        return 3

    task.apply(task_id="i")
    return seen


def states_of_handlers():
    app = new_app()

    class Base(celery.Task):
        def after_return(self, status, retval, task_id, args, kwargs, einfo):
            seen.append([status, plain(repr(retval))])

    seen = []

    @app.task(base=Base)
    def work(x):
        if x:
            raise ValueError(x)
        return "done"

    work.apply((0,))
    work.apply((1,))
    return seen
