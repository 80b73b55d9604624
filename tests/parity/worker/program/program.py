"""A task that counts how many of it run at a time."""

import importlib
import json
import os
import time

import redis

celery = importlib.import_module(os.environ["PARITY_LIBRARY"])

app = celery.Celery(
    "sizes",
    broker=os.environ["STORE"],
    backend=os.environ["STORE"],
    task_default_queue="parity",
    **json.loads(os.environ.get("SETTINGS", "{}")),
)

#: How long to wait for others that run at the same time, seconds.
PATIENCE = 30.0
#: How long to see whether more begin, seconds.
LINGER = 1.0


@app.task(name="meet")
def meet(expected):
    """Run until as many run as are expected, and a while longer; returns the most that ran at a time."""
    with redis.Redis.from_url(os.environ["STORE"], decode_responses=True) as store:
        store.zadd("most", {"all": store.incr("running")}, gt=True)
        deadline = time.monotonic() + PATIENCE
        while store.zscore("most", "all") < expected and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(LINGER)
        store.decr("running")
        return store.zscore("most", "all")
