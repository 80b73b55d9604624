import os
from datetime import timedelta

import redis

from celery import Celery
from celery.schedules import crontab, schedule

store = redis.Redis.from_url(os.environ["REDIS_URL"])
app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.timezone = "Europe/London"

app.conf.beat_schedule = {
    "add-every-second": {
        "task": "tasks.add",
        "schedule": 1.0,
        "args": (16, 16),
        "options": {"headers": {"source": "beat"}, "expires": 30},
    },
    "with-timedelta": {
        "task": "tasks.test",
        "schedule": timedelta(seconds=1),
        "kwargs": {"arg": "timedelta"},
    },
    "never-today": {
        "task": "tasks.test",
        "schedule": crontab(hour=7, minute=30, day_of_week=1, month_of_year=1, day_of_month="31"),
        "args": ("crontab",),
    },
}


@app.on_after_configure.connect
def setup_periodic_tasks(sender, **kwargs):
    # Calls test('hello') every second.
    sender.add_periodic_task(1.0, test.s("hello"), name="hello every second")
    # Calls test('hello again'), with a schedule object and no name.
    sender.add_periodic_task(schedule(run_every=1), test.s("hello again"))
    # Executes every Monday morning at 7:30 a.m.
    sender.add_periodic_task(crontab(hour=7, minute=30, day_of_week=1), test.s("Happy Mondays!"))


@app.task
def test(arg):
    store.sadd("seen", arg)


@app.task(bind=True)
def add(self, x, y):
    store.sadd("seen", f"{x + y} {self.request.headers['source'] if self.request.headers else self.request.source}")
