"""Say when schedules are due: of crontabs, intervals and events of the sun, on the library that is named."""

from __future__ import annotations

import importlib
import json
import pickle
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LIBRARY = sys.argv[1]
library = importlib.import_module(LIBRARY)
schedules = importlib.import_module(f"{LIBRARY}.schedules")

apps = {}


def app_in(zone, deadline=None):
    """Return the app of a time zone."""
    key = zone, deadline
    if key not in apps:
        app = apps[key] = library.Celery(broker="memory://", set_as_current=False)
        app.conf.timezone = zone
        app.conf.beat_cron_starting_deadline = deadline
    return apps[key]


def at(seconds, zone):
    return datetime.fromtimestamp(seconds, ZoneInfo(zone))


def outcome(call, *args):
    try:
        return call(*args)
    except Exception as error:
        return type(error).__name__


def due(schedule, last):
    return [*schedule.is_due(last), schedule.remaining_estimate(last).total_seconds()]


def crontab(case):
    """Return whether it is due, what is left, and its next tick, in seconds since the epoch."""
    zone = case["zone"]
    last, now = at(case["last"], zone), at(case["now"], zone)
    made = schedules.crontab(
        **case["fields"], nowfun=lambda: now, app=app_in(zone, case["deadline"])
    )
    ticking = schedules.crontab(**case["fields"], nowfun=lambda: last, app=app_in(zone))
    return [*due(made, last), tick(ticking, last), repr(made), made == ticking]


def tick(schedule, last):
    """Return the next tick; of Celery's the first that is later than the last run."""
    if LIBRARY == "taskhub":
        return schedule.next_fire(last).timestamp()
    found = last
    while found <= last.astimezone(UTC):
        schedule.nowfun = lambda moment=found: moment
        found = found.astimezone(UTC) + schedule.remaining_estimate(found)
    return found.timestamp()


def interval(case):
    zone = case["zone"]
    last, now = at(case["last"], zone), at(case["now"], zone)
    made = schedules.schedule(
        case["seconds"], case["relative"], nowfun=lambda: now, app=app_in(zone)
    )
    return [*due(made, last), made.seconds, repr(made)]


def sun(case):
    now = at(case["now"], "UTC")
    made = schedules.solar(
        case["event"], case["lat"], case["lon"], nowfun=lambda: now, app=app_in("UTC")
    )
    return [*due(made, at(case["last"], "UTC")), repr(made)]


def field(case):
    """Return the numbers of a field, or the kind of error."""
    return sorted(schedules.crontab_parser(*case["range"]).parse(case["text"]))


def words(case):
    """Return what schedules are as values."""
    from_text = schedules.crontab.from_string("*/15 8-17/2 1-7 jan,jul mon-fri")
    copied = pickle.loads(pickle.dumps(from_text))
    every = schedules.schedule(90, relative=True)
    app = app_in("UTC")
    now = datetime(2024, 5, 1, 12, tzinfo=UTC)
    naive = schedules.crontab(minute=0, nowfun=lambda: now.replace(tzinfo=None), app=app)
    return [
        repr(copied),
        copied == from_text,
        from_text == schedules.crontab("0,15,30,45", "8,10,12,14,16", "1-5", "1-7", "1,7"),
        from_text == schedules.crontab(nowfun=print),
        repr(every),
        pickle.loads(pickle.dumps(every)).relative,
        every == 90,
        every == timedelta(seconds=90),
        schedules.schedule(60) == schedules.schedule(timedelta(minutes=1)),
        repr(schedules.maybe_schedule(3600, app=app)),
        repr(schedules.maybe_schedule(timedelta(days=1.5), app=app)),
        schedules.maybe_schedule(None),
        schedules.maybe_schedule(from_text, app=app).app is app,
        *naive.is_due(datetime(2024, 5, 1, 10, 59)),
        issubclass(schedules.ParseException, Exception),
        sorted(from_text.minute),
        sorted(from_text.day_of_week),
    ]


KINDS = {"crontab": crontab, "interval": interval, "sun": sun, "field": field, "words": words}

given = json.load(sys.stdin)
function = KINDS[given["kind"]]
json.dump([outcome(function, case) for case in given["cases"]], sys.stdout)
