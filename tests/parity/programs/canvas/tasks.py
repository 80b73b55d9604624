import os

import redis

from celery import Celery, chord

store = redis.Redis.from_url(os.environ["REDIS_URL"])
app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


@app.task
def add(x, y):
    return x + y


@app.task
def mul(x, y):
    return x * y


@app.task
def xsum(numbers):
    return sum(numbers)


@app.task
def tsum(numbers):
    return sum(numbers)


@app.task
def noop(*args):
    return list(args)


@app.task
def fail(*args):
    raise ValueError("no luck")


@app.task
def log_error(request, exc, traceback):
    store.rpush("errors", f"{request.task} {exc!r}")


@app.task
def on_chord_error(request, exc, traceback):
    store.rpush("errors", f"chord {type(exc).__name__}")


@app.task(bind=True)
def fibonacci(self, n):
    if n < 2:
        return n
    return self.replace(chord_of(n))


def chord_of(n):
    return chord([fibonacci.s(n - 1), fibonacci.s(n - 2)], xsum.s())


@app.task
def say(word):
    store.rpush("said", word)
    return word
