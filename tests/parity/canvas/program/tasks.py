"""The tasks that a worker of either library runs; each tells in a Redis list what it saw."""

import importlib
import json
import os

import redis

celery = importlib.import_module(os.environ["PARITY_LIBRARY"])
canvas = importlib.import_module(f"{celery.__name__}.canvas")

STORE = os.environ["STORE"]
app = celery.Celery(
    "tasks",
    broker=STORE,
    backend=STORE,
    task_default_queue="parity",
    broker_connection_retry_on_startup=True,
)
# Ours: no worker that knows more is to come, so nobody waits for it.
app.conf.update(task_unknown_grace=0)
#: One connection per process, made when it is first used.
notes = redis.Redis.from_url(STORE)
SEEN = "seen"


def note(request, name, args):
    """Record that a body runs, and what its request says."""
    stamps = {key: request.stamps.get(key) for key in request.stamped_headers or ()}
    seen = {
        "name": name,
        "args": args,
        "id": request.id,
        "root": request.root_id,
        "parent": request.parent_id,
        "group": request.group,
        "group_index": request.group_index,
        "retries": request.retries,
        "nesting": request.replaced_task_nesting,
        "stamps": stamps,
    }
    notes.rpush(SEEN, json.dumps(seen, default=repr))


class Seen(celery.Task):
    """A task that records each of its runs."""

    abstract = True

    def before_start(self, task_id, args, kwargs):
        note(self.request, self.name, [list(args), kwargs] if kwargs else list(args))


def task(**options):
    """Declare a task that records its runs."""

    def declare(function):
        return app.task(base=Seen, name=function.__name__, **options)(function)

    return declare


@task()
def add(x, y, z=0):
    return x + y + z


@task()
def same(x=None):
    return x


@task()
def total(numbers):
    return sum(numbers)


@task()
def everything(*args, **kwargs):
    return [list(args), kwargs]


@task()
def constant(x=7):
    return x


@task()
def fail(*args):
    raise ValueError("boom", *args)


class OwnError(Exception):
    """An exception with arguments that only its own `__init__` understands."""

    def __init__(self, code, *, hint="none"):
        super().__init__(code)
        self.hint = hint


@task()
def fail_own(*args):
    raise OwnError(42, hint="look")


@task(throws=(KeyError,))
def fail_expected(*args):
    raise KeyError("expected")


@task(bind=True, max_retries=3)
def retry_once(self, x=None):
    if self.request.retries < 1:
        raise self.retry(countdown=0)
    return x


@task(bind=True, max_retries=1)
def retry_in_vain(self, x=None):
    raise self.retry(countdown=0, exc=ValueError("never"))


@task(bind=True, max_retries=3)
def retry_any(self, *args):
    if self.request.retries < 1:
        raise self.retry(countdown=0)
    return list(args)


@task(bind=True, max_retries=1)
def retry_any_in_vain(self, *args):
    raise self.retry(countdown=0, exc=ValueError("never"))


@task(autoretry_for=(ValueError,), max_retries=1, default_retry_delay=0)
def retry_by_itself(x=None):
    raise ValueError("always")


@task(ignore_result=True)
def silent(x=None):
    return x


@task()
def nothing(x=None):
    return None


@task()
def ignores(x=None):
    raise importlib.import_module(f"{celery.__name__}.exceptions").Ignore()


@task()
def rejects(x=None):
    raise importlib.import_module(f"{celery.__name__}.exceptions").Reject("no", requeue=False)


@task()
def unserializable(x=None):
    return object()


@task(bind=True)
def become(self, *args):
    """Let the signature that is the last argument take the place of this call."""
    return self.replace(canvas.maybe_signature(args[-1], app=app))


@task(bind=True)
def become_add(self, x, y):
    """Let a call with the argument of this call take its place."""
    return self.replace(add.s(x, y))


@task(bind=True)
def become_chain(self, x):
    return self.replace(add.s(x, 1) | add.s(10))


@task(bind=True)
def become_group(self, x):
    return self.replace(celery.group(add.s(x, 1), add.s(x, 2)))


@task(bind=True)
def become_chord(self, x):
    return self.replace(celery.chord([add.s(x, 1), add.s(x, 2)], total.s()))


@task(bind=True)
def become_again(self, x):
    return self.replace(become_add.s(x, 5))


@task(bind=True)
def extend_chord(self, x):
    self.add_to_chord(same.s(x + 100))
    return x


@task(bind=True)
def calls(self, sig):
    """Send a canvas from inside a task; its ids are this one's children."""
    canvas.maybe_signature(sig, app=app).delay()
    return "sent"


@task()
def returns_signature(x=None):
    return same.s(x)


@task()
def returns_bytes(x=None):
    return b"\x00\xff bytes"


@task()
def is_bytes(x):
    return [isinstance(x, bytes), len(x)]


@task()
def old_errback(task_id):
    return f"failed: {task_id}"


@task()
def old_errback_with(task_id, *, extra=None):
    return [task_id, extra]


@app.task(name="new_errback")
def new_errback(request, exc, traceback):
    note(request, "new_errback", [type(exc).__name__, str(exc), traceback is not None])


@app.task(name="new_errback_with")
def new_errback_with(mine, request, exc, traceback):
    note(request, "new_errback_with", [mine, type(exc).__name__, str(exc)])


@app.task(name="bad_errback")
def bad_errback(request, exc, traceback):
    note(request, "bad_errback", [])
    raise RuntimeError("an errback's own errors change nothing")
