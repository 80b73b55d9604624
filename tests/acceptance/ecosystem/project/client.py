"""Uses each library as its documentation says, and prints what comes of it as JSON."""

import json
import os
import subprocess
import time

from celery_progress.backend import Progress
from shop.app import app, fails, once, single, steps, store

from celery.result import AsyncResult

WAIT = 40


def poll(read):
    deadline = time.monotonic() + WAIT
    while not (value := read()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return value


def tell(name, value):
    print(json.dumps({name: value}), flush=True)


# celery-singleton: the second call is the first one.
first, second = single.delay(0.5), single.delay(0.5)
tell(
    "singleton", [first.id == second.id, first.get(timeout=WAIT), single.delay(0).get(timeout=WAIT)]
)

# celery-once: the second call is not sent.
first, second = once.delay(0.5), once.delay(0.5)
poll(lambda: first.ready())
tell("once", [first.get(timeout=WAIT), second.state, poll(lambda: once.delay(0).id) is not None])

# celery-progress
result = steps.delay(4)
poll(lambda: Progress(result).get_info()["progress"].get("current") == 4)
running = Progress(AsyncResult(result.id)).get_info()
store.rpush("go", 1)
result.get(timeout=WAIT)
ended = Progress(AsyncResult(result.id)).get_info()
tell(
    "progress",
    [running["state"], running["progress"]["percent"], ended["complete"], ended["result"]],
)

# sentry-sdk, by its integration for Dramatiq
fails.delay().get(timeout=WAIT, propagate=False)
tell("sentry", [word.decode() for word in poll(lambda: store.lrange("sentry", 0, -1))])


# opentelemetry: one trace from the call to the task
def read_spans():
    with open(os.environ["SPANS"]) as file:
        found = file.read()
    return found if '"run/shop.app.fails"' in found else ""


text = poll(read_spans)
spans, decoder, at = [], json.JSONDecoder(), 0
while at < len(text.rstrip()):
    span, at = decoder.raw_decode(text, at)
    at += len(text[at:]) - len(text[at:].lstrip())
    spans.append(span)
both = {span["name"]: span for span in spans if span["name"].endswith("shop.app.fails")}
tell(
    "opentelemetry",
    [
        sorted(both),
        len({span["context"]["trace_id"] for span in both.values()}),
        both["run/shop.app.fails"]["parent_id"]
        == both["apply_async/shop.app.fails"]["context"]["span_id"],
    ],
)

# django-structlog's receivers
os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
import django

django.setup()
from django.core.management import call_command
from django_structlog.celery.receivers import CeleryReceiver

CeleryReceiver().connect_signals()
tell("structlog", single.delay(0).get(timeout=WAIT) > 0)

# django-celery-beat and redbeat: schedulers of their own
call_command("migrate", verbosity=0)
from django_celery_beat.models import IntervalSchedule, PeriodicTask

every, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.SECONDS)
PeriodicTask.objects.create(interval=every, name="tick", task="shop.app.tick", args='["database"]')
from redbeat import RedBeatSchedulerEntry

from celery.schedules import schedule

RedBeatSchedulerEntry("tick", "shop.app.tick", schedule(1), args=["redbeat"], app=app).save()


def ticked(scheduler, word):
    command = ["celery", "-A", "shop.app", "beat", "-S", scheduler, "--max-interval", "1"]
    with open(f"{word}.log", "w") as log:
        beat = subprocess.Popen(command, stdout=log, stderr=log)
        came = poll(
            lambda: word.encode() in store.lrange("ticks", 0, -1) or beat.poll() is not None
        )
        beat.terminate()
        beat.wait(30)
    return (bool(came) and word.encode() in store.lrange("ticks", 0, -1)) or open(
        f"{word}.log"
    ).read()[-1500:]


tell("beat", ticked("django_celery_beat.schedulers:DatabaseScheduler", "database"))
tell("redbeat", ticked("redbeat.RedBeatScheduler", "redbeat"))
