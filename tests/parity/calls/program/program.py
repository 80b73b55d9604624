"""Tasks that tell in Redis lists what they were called with."""

import asyncio
import functools
import importlib
import json
import os

import redis
from pydantic import BaseModel

celery = importlib.import_module(os.environ["PARITY_LIBRARY"])
exceptions = importlib.import_module(f"{celery.__name__}.exceptions")

STORE = os.environ["STORE"]
app = celery.Celery(
    "calls",
    broker=STORE,
    backend=STORE,
    task_default_queue="parity",
    timezone="Asia/Shanghai",
    result_extended=True,
    accept_content=["json", "pickle"],
    broker_connection_retry_on_startup=True,
)
notes = redis.Redis.from_url(STORE)


def note(name, *values):
    """Add to the list of a name."""
    notes.rpush(f"note:{name}", json.dumps(values, default=repr))


def seen_error(name, request, exc, traceback, *more):
    """Note what an errback of (request, exc, traceback) is given."""
    is_text = isinstance(traceback, str) and traceback.startswith("Traceback")
    note(name, request.task, repr(exc), is_text, *more)


class Thing:
    """What JSON cannot hold."""

    def __repr__(self):
        return "<thing>"


class Model(BaseModel):
    number: int


@app.task(name="same")
def same(x=None):
    return x


@app.task(name="total")
def total(numbers):
    return sum(numbers)


@app.task(name="one")
def one():
    return 1


@app.task(name="fail")
def fail(*args):
    raise ValueError("boom")


# -- errbacks


@app.task(name="three")
def three(request, exc, traceback):
    seen_error("three", request, exc, traceback)


@app.task(name="three_and_keyword")
def three_and_keyword(request, exc, traceback, order):
    seen_error("three_and_keyword", request, exc, traceback, order)


@app.task(name="one_and_keyword")
def one_and_keyword(task_id, order):
    note("one_and_keyword", isinstance(task_id, str), order)


@app.task(name="three_and_argument")
def three_and_argument(request, exc, traceback, extra):
    seen_error("three_and_argument", request, exc, traceback, extra)


@app.task(name="one_and_default")
def one_and_default(task_id, order=1):
    note("one_and_default", type(task_id).__name__, order)


@app.task(name="any_arguments")
def any_arguments(*args, **kwargs):
    note("any_arguments", len(args), kwargs)


@app.task(name="bound", bind=True)
def bound(self, *args, **kwargs):
    note("bound", len(args), type(args[0]).__name__, kwargs)


class OfAClass(app.Task):
    name = "of_a_class"

    def run(self, request, exc=None, traceback=None):
        note("of_a_class", type(request).__name__, exc, traceback)


of_a_class = app.register_task(OfAClass())


@app.task(name="immutable")
def immutable(a, b, c):
    note("immutable", a, b, c)


@app.task(name="first_is_stored")
def first_is_stored(order, request=None, exc=None, traceback=None):
    note("first_is_stored", order, type(request).__name__)


@app.task(name="count_errors")
def count_errors(task_id):
    note("count_errors", 1)


@app.task(name="coroutine_of_three")
async def coroutine_of_three(request, exc, traceback):
    await asyncio.sleep(0)
    seen_error("coroutine_of_three", request, exc, traceback)


# -- coroutines of ordinary functions


def passed_on(function):
    """Wrap a coroutine function by an ordinary one, as decorators do that know nothing of coroutines."""

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    # Otherwise it would still be taken for a coroutine function by some.
    del wrapper.__wrapped__
    return wrapper


@app.task(name="wrapped")
@passed_on
async def wrapped(x):
    await asyncio.sleep(0)
    return x + 1


@app.task(name="wrapped_and_retried", autoretry_for=(ValueError,), default_retry_delay=0, bind=True)
@passed_on
async def wrapped_and_retried(self):
    await asyncio.sleep(0)
    if self.request.retries < 2:
        raise ValueError("again")
    return self.request.retries


# -- requests


@app.task(name="tell", bind=True)
def tell(self, *args):
    request = self.request
    properties = request.properties or {}
    return {
        "stamps": [type(request.stamps).__name__, request.stamps],
        "app_id": properties.get("app_id"),
        "own_correlation": properties.get("correlation_id") == request.id,
        "eta": request.eta,
        "expires": request.expires,
    }


@app.task(name="tell_headers", bind=True, max_retries=1)
def tell_headers(self, again=False):
    if again and not self.request.retries:
        raise self.retry(countdown=0)
    request = self.request
    names = ("a", "b")
    return [
        request.headers,
        request.get("headers"),
        [getattr(request, name, None) for name in names],
    ]


@app.task(name="tell_repr", bind=True, max_retries=2)
def tell_repr(self, *args, **kwargs):
    note("tell_repr", self.request.argsrepr, self.request.kwargsrepr)
    if self.request.retries < 1:
        raise self.retry(countdown=0)


@app.task(name="retry_once", bind=True, max_retries=2)
def retry_once(self, *args):
    if self.request.retries < 1:
        raise self.retry(countdown=0)
    note("retry_once", self.request.ignore_result)
    return "stored"


@app.task(name="retry_class", bind=True, max_retries=1)
def retry_class(self):
    raise self.retry(exc=KeyError, countdown=0)


@app.task(name="requeue", bind=True, acks_late=True)
def requeue(self):
    note("requeue", bool(self.request.delivery_info["redelivered"]))
    if not self.request.delivery_info["redelivered"] and notes.llen("note:requeue") < 4:
        raise exceptions.Reject("again", requeue=True)
    return "done"


@app.task(name="started", track_started=True)
def started(thing, key=None):
    return repr(thing)


@app.task(name="validated", pydantic=True)
def validated(model: Model):
    return model.number


@app.task(name="maybe_validated", pydantic=True)
def maybe_validated(model: Model | None = None):
    return None if model is None else model.number


@app.task(name="event_loop")
def event_loop():
    async def answer():
        return 42

    return asyncio.get_event_loop().run_until_complete(answer())
