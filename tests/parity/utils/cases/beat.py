"""`celery.beat`: schedulers of one's own."""

import datetime
import os
import tempfile
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from harness import celery, module, new_app, outcome

beat = module("celery.beat")
schedules = module("celery.schedules")


class Clock:
    def __init__(self):
        self.now = datetime.datetime(2026, 3, 28, 12, tzinfo=UTC)

    def __call__(self):
        return self.now


class Every(schedules.schedule):
    """An interval by the clock of the case."""

    clock = Clock()

    def __init__(self, seconds, app=None):
        super().__init__(timedelta(seconds=seconds), nowfun=self.clock, app=app)

    def __reduce__(self):
        return type(self), (self.run_every.total_seconds(),)


def _scheduler(kind=None, **entries):
    app = new_app(beat_schedule=entries)
    sent = []

    class Mine(kind or beat.Scheduler):
        def apply_async(self, entry, producer=None, advance=True, **kwargs):
            sent.append([entry.name, str(Every.clock.now.time())])

    directory = tempfile.mkdtemp()
    return Mine(app, schedule_filename=os.path.join(directory, "kept")), sent


def entry():
    app = new_app()
    first = beat.ScheduleEntry("one", "tasks.add", schedule=Every(30, app), args=(1,), app=app)
    second = next(first)
    changed = beat.ScheduleEntry("one", "tasks.sub", schedule=60, kwargs={"x": 2}, app=app)
    before = first == changed
    first.update(changed)
    return [
        first.total_run_count,
        second.total_run_count,
        str(second.last_run_at),
        first.is_due()[0],
        before,
        first == changed,
        sorted(name for name, _ in first),
        first.task,
        repr(beat.ScheduleEntry("two", "t", schedule=30, args=(1,), app=app)).split(" ")[:2],
    ]


def ticks():
    mine, sent = _scheduler(
        slow={"task": "tasks.slow", "schedule": Every(60)},
        fast={"task": "tasks.fast", "schedule": Every(20)},
    )
    waits = []
    for _ in range(14):
        wait = mine.tick()
        waits.append(round(wait, 2))
        Every.clock.now += timedelta(seconds=wait + 0.02 if wait else 0)
    return [sorted(sent), [wait > 0 for wait in waits], max(waits) <= 20]


def entries():
    mine, _ = _scheduler(a={"task": "t.a", "schedule": 30}, b={"task": "t.b", "schedule": 60})
    mine.add(name="c", task="t.c", schedule=10)
    mine.update_from_dict({"d": {"task": "t.d", "schedule": 5}})
    names = sorted(mine.schedule)
    mine.merge_inplace({"a": {"task": "t.changed", "schedule": 30}})
    return [names, sorted(mine.schedule), mine.schedule["a"].task, mine.schedules_equal(None, {})]


def failing():
    class Broken(beat.ScheduleEntry):
        def is_due(self):
            raise ValueError("no")

    mine, sent = _scheduler(a={"task": "t.a", "schedule": Every(30)})
    mine.schedule["broken"] = Broken("broken", "t.b", schedule=Every(10), app=mine.app)
    waits = [mine.tick() for _ in range(3)]
    return [[wait > 0 for wait in waits], sent]


def persistent():
    app = new_app(beat_schedule={"a": {"task": "t.a", "schedule": Every(30)}})
    path = os.path.join(tempfile.mkdtemp(), "kept")
    first = beat.PersistentScheduler(app, schedule_filename=path)
    first.reserve(first.schedule["a"])
    first.close()
    again = beat.PersistentScheduler(app, schedule_filename=path)
    count = again.schedule["a"].total_run_count
    again.close()
    return [count, again.info.strip().startswith("."), first.should_sync()]


def sending():
    app = new_app()

    @app.task(name="t.add")
    def add(x, y):
        return x + y

    mine = beat.Scheduler(app, lazy=True)
    lazy = beat.BeatLazyFunc(lambda: 3)
    good = beat.ScheduleEntry("good", "t.add", schedule=30, args=(lazy,), kwargs={"y": 2}, app=app)
    wrong = beat.ScheduleEntry("wrong", "t.add", schedule=30, args=(1, 2, 3), app=app)
    mine.schedule = {"good": good, "wrong": wrong}
    sent = mine.apply_async(good, advance=False)
    failed = outcome(mine.apply_async, wrong, advance=False)
    return [bool(sent.id), failed["raises"], good.total_run_count]


def what_schedulers_of_libraries_use():
    class Elsewhere(schedules.crontab):
        """As django-celery-beat's."""

        def __init__(self, zone, **fields):
            self.tz = zone
            super().__init__(**fields)

    app = new_app(timezone="Asia/Shanghai")
    app.set_current()
    elsewhere = Elsewhere(ZoneInfo("Europe/Berlin"), hour=3, app=app)
    return [
        elsewhere.tz.key,
        schedules.crontab(hour=3, app=app).tz.key,
        celery.current_app._get_current_object() is app,
    ]
