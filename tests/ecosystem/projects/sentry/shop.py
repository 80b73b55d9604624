"""An app that reports to Sentry as Sentry's documentation says."""

import os

import sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration

from celery import Celery, Task
from celery.schedules import crontab

sentry_sdk.init(
    dsn=os.environ["SENTRY_DSN"],
    traces_sample_rate=1.0,
    integrations=[CeleryIntegration(monitor_beat_tasks=True)],
)

app = Celery("shop", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.beat_schedule = {
    "nightly": {"task": "shop.works", "schedule": crontab(hour=3, minute=7), "args": [1]}
}


class Base(Task):
    def __call__(self, *args, **kwargs):
        return super().__call__(*args, **kwargs)


@app.task
def works(value):
    return value


@app.task
def fails():
    raise LookupError("a plain task")


@app.task(base=Base)
def fails_in_call():
    raise LookupError("a task whose base class defines __call__")


@app.task
async def fails_in_coroutine():
    raise LookupError("a coroutine")


@app.task(bind=True)
def tries_again(self):
    if not self.request.retries:
        raise self.retry(countdown=0)
