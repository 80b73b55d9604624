import os
import time
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import redis

from celery import Celery

store = redis.Redis.from_url(os.environ["REDIS_URL"])
app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.update(
    accept_content=["json", "pickle"],
    result_accept_content=["json"],
    result_extended=True,
    task_track_started=True,
)


@app.task
def add(x, y):
    return x + y


@app.task
def hello(name="world", *, punctuation="!"):
    return f"hello {name}{punctuation}"


@app.task(ignore_result=True)
def quiet(key):
    store.set(key, "done")


@app.task
def error_handler(request, exc, traceback):
    store.rpush("errors", f"Task raised exception: {exc!r} in {request.task}")


@app.task
def note(value):
    store.rpush("notes", value)


@app.task
def no_luck():
    raise KeyError("nothing")


@app.task(bind=True)
def hello_status(self, steps):
    # Until the client, which may begin to listen late, has seen it.
    deadline = time.monotonic() + 30
    while not store.exists("progress-seen") and time.monotonic() < deadline:
        for i in range(steps):
            self.update_state(state="PROGRESS", meta={"progress": (i + 1) * 100 // steps})
        time.sleep(0.02)
    return "hello world: %i" % (steps,)


@app.task(bind=True)
def told(self):
    request = self.request
    return {
        "headers": (request.headers or {}).get("trace"),
        "shadow": request.shadow,
        "retries": request.retries,
        "expires": bool(request.expires),
        "timelimit": list(request.timelimit),
        "queue": request.delivery_info["routing_key"],
        "eager": request.is_eager,
        "root": request.root_id == request.id,
    }


@app.task
def kinds(*values):
    return [type(value).__name__ for value in values]


VALUES = (
    datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc),
    date(2030, 1, 2),
    Decimal("1.50"),
    UUID(int=1),
    [1, {"a": None}],
    (1, 2),
    b"bytes",
)
LATER = timedelta(seconds=0.3)
