"""Retries, as eager calls show them: all forms of `retry`, and automatic ones."""

import datetime

from harness import celery, exceptions, new_app, outcome, plain, shown


class TooOften(Exception):
    def __init__(self, *args, **kwargs):
        super().__init__(*args)


class _Attempts:
    def __init__(self, *names):
        self.seen = []
        self.names = names or ("retries",)

    def note(self, task, *more):
        self.seen.append([task.request.get(name) for name in self.names] + list(more))


def until_it_works():
    app = new_app()
    attempts = _Attempts("retries", "args", "kwargs", "is_eager", "called_directly")

    @app.task(bind=True, default_retry_delay=0)
    def task(self, x, y=1):
        attempts.note(self, x, y)
        if self.request.retries < 2:
            raise self.retry(exc=ValueError("again"))
        return self.request.retries

    result = task.apply((1,), {"y": 2})
    return [result.state, result.get(), attempts.seen]


def out_of_retries():
    app = new_app()

    @app.task(bind=True, max_retries=2, name="with_exc")
    def with_exc(self):
        raise self.retry(exc=ValueError("the cause"), countdown=0)

    @app.task(bind=True, max_retries=2, name="without")
    def without(self, x, y=0):
        self.retry(countdown=0)

    @app.task(bind=True, max_retries=0, name="never")
    def never(self):
        try:
            raise KeyError("handled")
        except KeyError as error:
            raise self.retry(exc=error) from None

    @app.task(bind=True, max_retries=1, name="other")
    def other(self):
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError:
            self.retry(exc=ValueError("instead"))

    found = []
    for task, args in ((with_exc, ()), (without, (1,)), (never, ()), (other, ())):
        result = task.apply(args)
        error = result.result
        found.append(
            [result.state, shown(error), shown(error.__cause__), getattr(error, "task_args", "none"),
             getattr(error, "task_kwargs", "none")]
        )  # fmt: skip
    return found


def limits_per_call():
    app = new_app()

    def tries(**options):
        seen = []

        @app.task(bind=True, name=str(options), max_retries=options.pop("of_task", 3))
        def task(self):
            seen.append(self.request.retries)
            if len(seen) > 8:
                return "enough"
            raise self.retry(countdown=0, **options)

        result = task.apply()
        return [len(seen), result.state]

    return [
        tries(), tries(max_retries=1), tries(max_retries=5), tries(of_task=None),
        tries(of_task=None, max_retries=2), tries(max_retries=0),
    ]  # fmt: skip


def other_arguments():
    app = new_app()
    seen = []

    def declare(name, function_args, **options):
        @app.task(bind=True, name=name)
        def task(self, a, b=0, *rest, c=0, **more):
            seen.append([name, a, b, list(rest), c, more])
            if self.request.retries == 0:
                raise self.retry(countdown=0, **options)

        task.apply(*function_args)

    declare("same", ((1, 2), {"c": 3}))
    declare("args", ((1, 2), {"c": 3}), args=(7, 8))
    declare("kwargs", ((1, 2), {"c": 3}), kwargs={"c": 9})
    declare("both", ((1, 2), {"c": 3}), args=(7,), kwargs={"c": 9})
    declare("conflict", ((1,), {"b": 3}), args=(7, 8))
    declare("names", ((1, 2, 3),), kwargs={"a": 9, "d": 4})
    declare("empty", ((1, 2), {"c": 3}), args=(5,), kwargs={})
    return seen


def directly():
    app = new_app()

    @app.task(bind=True)
    def task(self, how):
        if how == "plain":
            raise self.retry()
        if how == "exc":
            raise self.retry(exc=ValueError("given"))
        if how == "not thrown":
            return str(self.retry(throw=False))
        try:
            1 / 0  # noqa: B018
        except ZeroDivisionError as error:
            if how == "handled":
                raise self.retry() from None
            if how == "same":
                raise self.retry(exc=error) from None
            raise self.retry(exc=ValueError("instead")) from None

    return [
        outcome(task, how) for how in ("plain", "exc", "not thrown", "handled", "same", "instead")
    ]


def without_throwing():
    app = new_app()
    seen = []

    @app.task(bind=True)
    def task(self):
        seen.append(self.request.retries)
        if self.request.retries == 0:
            retry = self.retry(throw=False, countdown=0)
            seen.append([type(retry).__name__, plain(str(retry)), retry.is_eager])
            return "went on"
        return "again"

    result = task.apply()
    return [result.state, result.get(), seen]


def what_retry_says():
    app = new_app()
    eta = datetime.datetime(2040, 1, 1, tzinfo=datetime.UTC)

    def said(**options):
        @app.task(bind=True, name=str(options))
        def task(self):
            if self.request.retries:
                return
            retry = self.retry(throw=False, **options)
            found.append(
                [str(retry), retry.humanize(), shown(retry.when), shown(retry.exc), retry.excs,
                 retry.sig.options.get("countdown"), shown(retry.sig.options.get("eta")),
                 retry.sig.options.get("retries"), retry.sig.options.get("time_limit")]
            )  # fmt: skip

        found = []
        task.apply()
        return found

    return [
        said(), said(countdown=5), said(eta=eta), said(exc=ValueError("x"), countdown=1),
        said(exc=ValueError("x")), said(countdown=0), said(countdown=2, time_limit=7),
        said(countdown=2, queue="other", priority=4),
    ]  # fmt: skip


def automatically():
    app = new_app()

    def tries(error, **options):
        seen = []

        @app.task(bind=True, name=f"{error!r}{options}", **options)
        def task(self, x):
            seen.append(self.request.retries)
            raise error

        result = task.apply((1,))
        return [len(seen), result.state, shown(result.result)]

    return [
        tries(ValueError("v"), autoretry_for=(ValueError,)),
        tries(ValueError("v"), autoretry_for=[Exception], max_retries=1),
        tries(KeyError("k"), autoretry_for=(ValueError,)),
        tries(KeyError("k"), autoretry_for=(Exception,), dont_autoretry_for=(KeyError,)),
        tries(ValueError("v"), autoretry_for=(ValueError,), retry_kwargs={"max_retries": 5}),
        tries(ValueError("v"), autoretry_for=(ValueError,), retry_kwargs={"countdown": 0}),
        tries(exceptions.Ignore(), autoretry_for=(Exception,)),
        tries(ValueError("v"), autoretry_for=(ValueError,), retry_backoff=True, max_retries=2),
        tries(UnicodeDecodeError("utf-8", b"x", 0, 1, "r"), autoretry_for=(ValueError,), max_retries=1),
    ]  # fmt: skip


def how_long_it_waits():
    app = new_app()

    def waits(**options):
        found = []

        class Base(celery.Task):
            def on_retry(self, exc, task_id, args, kwargs, einfo):
                # Celery has the exception in a wrapper.
                retry = einfo.exception if hasattr(einfo.exception, "when") else einfo.exception.exc
                found.append(retry.when)

        @app.task(
            base=Base, name=str(options), autoretry_for=(ValueError,), retry_jitter=False, max_retries=6, **options
        )  # fmt: skip
        def task():
            raise ValueError

        task.apply()
        return found

    return [
        waits(), waits(retry_backoff=True), waits(retry_backoff=3), waits(retry_backoff=0.5),
        waits(retry_backoff=5, retry_backoff_max=30), waits(retry_kwargs={"countdown": 7}),
        waits(retry_backoff=2, retry_kwargs={"countdown": 7}), waits(default_retry_delay=11),
        waits(retry_backoff="2"),
    ]  # fmt: skip


def automatically_around_a_custom_call():
    app = new_app()
    seen = []

    class Base(celery.Task):
        def __call__(self, *args, **kwargs):
            seen.append("around")
            return self.run(*args, **kwargs)

    @app.task(base=Base, autoretry_for=(ValueError,), max_retries=2, name="around")
    def task():
        seen.append("body")
        raise ValueError("v")

    result = task.apply()
    return [seen, result.state, outcome(task), seen[6:]]


def exceeded_error_of_the_task():
    app = new_app()

    @app.task(bind=True, max_retries=0, MaxRetriesExceededError=TooOften)
    def task(self):
        raise self.retry()

    return [
        shown(task.apply().result),
        exceptions.MaxRetriesExceededError("m", task_args=1).task_args,
    ]
