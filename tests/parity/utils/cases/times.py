"""`celery.utils.time`."""

import datetime
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from harness import module, outcome, shown

time = module("celery.utils.time")

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime.datetime(2026, 3, 28, 12, 30, 45, 678)


def lengths():
    deltas = [timedelta(days=2), timedelta(hours=3), timedelta(minutes=4), timedelta(seconds=5)]
    return [
        [time.delta_resolution(NOON, delta) for delta in deltas],
        [time.maybe_timedelta(value) for value in (30, 1.5, timedelta(1), None)],
        [time.rate(value) for value in ("100/m", "2/h", "0.5/s", "3", 7, None, "")],
        [time.get_exponential_backoff_interval(2, n, 30) for n in range(6)],
        [
            time.humanize_seconds(value)
            for value in (0, 0.4, 1, 59, 60, 90, 3600, 7200, 86400, 1234567)
        ],
        time.humanize_seconds(0.25, prefix="in", sep=" ", microseconds=True),
        time.humanize_seconds(30, prefix="in", sep=" "),
    ]


def remaining():
    start = NOON.replace(tzinfo=BERLIN)
    now = start + timedelta(seconds=100)
    spring = datetime.datetime(2026, 3, 29, 1, 59, tzinfo=BERLIN)
    return [
        time.remaining(start, timedelta(minutes=5), now),
        time.remaining(start, timedelta(minutes=5), now, relative=True),
        time.remaining(start, timedelta(hours=2), now, relative=True),
        time.remaining(start, timedelta(days=1), now, relative=True),
        time.remaining(spring, timedelta(hours=1), spring),
        time.remaining(spring, timedelta(days=1), spring, relative=True),
        time.remaining(start, time.ffwd(hour=18, minute=0), now),
    ]


def moments():
    hour_left_out = datetime.datetime(2026, 3, 29, 2, 30)
    hour_twice = datetime.datetime(2026, 10, 25, 2, 30)
    made = [time.make_aware(moment, BERLIN) for moment in (NOON, hour_left_out, hour_twice)]
    return [
        made,
        [moment.astimezone(UTC) for moment in made],
        time.is_naive(NOON),
        time.is_naive(made[0]),
        time.to_utc(NOON),
        time.localize(time.to_utc(NOON), BERLIN),
        time.localize(NOON, BERLIN),
        time.maybe_make_aware(NOON),
        time.maybe_make_aware(NOON, BERLIN),
        time.maybe_make_aware(NOON, BERLIN, naive_as_utc=False),
        time.maybe_make_aware(made[0], UTC),
        time.add_seconds_to_datetime(NOON, 90),
        time.add_seconds_to_datetime(made[0], 90),
        time.subtract_datetimes(made[2], made[0]),
        time.subtract_datetimes(NOON, made[0]),
        time.timezone.to_local(NOON, BERLIN),
        time.timezone.to_local(NOON, "Europe/Berlin", BERLIN),
        time.timezone.get_timezone("Asia/Shanghai").key,
        time.timezone.tz_or_local(BERLIN).key,
    ]


def texts():
    return [
        time.maybe_iso8601(None),
        time.maybe_iso8601(NOON),
        time.maybe_iso8601("2026-03-28T12:30:45"),
        time.maybe_iso8601("2026-03-28T12:30:45.123456+02:00"),
        time.maybe_iso8601("2026-03-28T12:30:45Z"),
        [time.weekday(name) for name in ("sunday", "Mon", "sat")],
        [time.yearmonth(name) for name in ("january", "Dec")],
        outcome(time.weekday, "noday"),
        outcome(time.yearmonth, "nomonth"),
        time.adjust_timestamp(1000.0, 3, lambda: 1),
    ]


def fast_forward():
    steps = [
        time.ffwd(hour=3, minute=0, second=0, microsecond=0),
        time.ffwd(day=31, month=2),
        time.ffwd(weekday=0, hour=1),
        time.ffwd(weeks=2, weekday=5),
        time.ffwd(year=2030, month=2, day=29),
    ]
    return [[NOON + step for step in steps], [shown(repr(step)) for step in steps[:2]]]
