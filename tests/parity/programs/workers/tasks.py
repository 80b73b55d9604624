import os
import time

import redis

from celery import Celery
from celery.worker.control import control_command, inspect_command

store = redis.Redis.from_url(os.environ["REDIS_URL"])
app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


@app.task
def sleeptask(seconds):
    time.sleep(seconds)
    return seconds


@app.task
def held(key):
    return store.blpop(key, timeout=60)[1].decode()


@app.task(rate_limit="100/s")
def limited():
    return "went"


@control_command(args=[("key", str), ("value", str)], signature="<key> <value>")
def remember(state, key, value):
    store.set(key, value)
    return {"ok": f"remembered {key}"}


@inspect_command()
def answer(state):
    return {"answer": 42, "app": state.app.main}
