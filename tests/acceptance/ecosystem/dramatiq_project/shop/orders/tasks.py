"""Actors, found by django-dramatiq."""

import os
import time

import dramatiq
from dramatiq_abort import Abort
from periodiq import cron


@dramatiq.actor(store_results=True)
def add(x, y):
    return x + y


@dramatiq.actor(max_retries=0)
def fail():
    raise LookupError("no luck")


@dramatiq.actor
def note(word):
    with open(os.environ["JOURNAL"], "a", encoding="utf-8") as journal:
        journal.write(f"{word}\n")


@dramatiq.actor(max_retries=0)
def spin():
    note("spins")
    try:
        while True:
            time.sleep(0.01)
    except Abort:
        note("aborted")
        raise


@dramatiq.actor(periodic=cron("* * * * *"))
def each_minute():
    note("each minute")
