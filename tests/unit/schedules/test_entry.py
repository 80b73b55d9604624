"""From settings to entries: what is written, and what is said about mistakes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskhub.app.app import Celery
from taskhub.schedules import crontab, schedule, solar
from taskhub.schedules.entry import EntryError, read_entry
from taskhub.schedules.schedule_format import describe_schedule, read_schedule, write_schedule


def test_an_entry_of_celerys(app: Celery) -> None:
    found = read_entry(
        "job",
        {
            "task": "add",
            "schedule": timedelta(minutes=5),
            "args": (1,),
            "kwargs": {"y": 2},
            "options": {"queue": "q", "expires": 60},
            "relative": True,
        },
        app,
    )

    assert (found.name, found.task, found.args, found.kwargs) == ("job", "add", (1,), {"y": 2})
    assert found.options == {"queue": "q", "expires": 60}
    assert found.schedule == schedule(timedelta(minutes=5))
    assert isinstance(found.schedule, schedule)
    assert found.schedule.relative
    assert found.schedule.app is app
    assert (found.missed, found.missed_limit, found.overlap) == ("once", None, "allow")
    assert found.enabled


def test_what_celery_leaves_empty_may_be_none(app: Celery) -> None:
    empty = dict.fromkeys(("args", "kwargs", "options", "missed_limit", "relative"))
    found = read_entry("job", {"task": "add", "schedule": 1, **empty}, app)

    assert (found.args, found.kwargs, found.options) == ((), {}, {})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": None}, "entry 'job': task cannot be None"),
        ({"task": ""}, "entry 'job' has no task: add one"),
        ({"schedule": None}, "entry 'job' has no schedule: add one"),
        (
            {"schedule": -1},
            "entry 'job': the interval -1 s is too short: it must be 0.001 s or more",
        ),
        ({"schedule": 0}, "too short"),
        ({"schedule": timedelta(seconds=-5)}, "the interval -5 s is too short"),
        ({"schedule": schedule(-5)}, "the interval -5 s is too short"),
        ({"schedule": schedule()}, "the interval None is neither seconds nor a timedelta"),
        ({"schedule": "61 * * * *"}, "entry 'job': crontab minute 61 is out of range: 0 to 59"),
        ({"schedule": "* 24 * * *"}, "crontab hour 24 is out of range: 0 to 23"),
        ({"schedule": "0 0 30 2 *"}, "day_of_month 30 never occurs in month_of_year 2"),
        ({"schedule": "0 0 * *"}, "has 4 fields instead of 5"),
        ({"schedule": "x * * * *"}, "crontab minute 'x' is neither a number nor the name"),
        ({"schedule": "*/ * * * *"}, "has no number after '/'"),
        ({"schedule": {"crontab": {"minutes": 5}}}, "is no schedule: write seconds"),
        ({"schedule": {"every": 5, "unit": "h"}}, "is no schedule: write seconds"),
        ({"schedule": True}, "True is no schedule"),
        ({"schedule": [1]}, "is no schedule"),
        ({"schedule": {"solar": ["teatime", 0, 0]}}, "solar event 'teatime' is none of"),
        ({"schedule": {"solar": ["sunset", "north", 0]}}, "could not convert"),
        ({"arguments": [1]}, "has an unknown field 'arguments': did you mean args?"),
        ({"zzz": 1}, "has an unknown field 'zzz': there are task, schedule"),
        ({"args": "abc"}, "entry 'job': args cannot be 'abc'"),
        ({"kwargs": [1]}, "entry 'job': kwargs cannot be [1]"),
        ({"missed": "twice"}, "missed must be one of 'once', 'all', 'skip', not 'twice'"),
        ({"overlap": "no"}, "overlap must be one of 'allow', 'skip', 'queue', not 'no'"),
        ({"missed_limit": -1}, "missed_limit must not be negative"),
        ({"missed_limit": "1h"}, "missed_limit cannot be '1h'"),
        ({"enabled": "no"}, "enabled cannot be 'no'"),
    ],
)
def test_a_mistake_is_named_in_one_line(app: Celery, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(EntryError) as raised:
        read_entry("job", {"task": "add", "schedule": 1, **fields}, app)

    told = str(raised.value)
    assert "entry 'job'" in told
    assert message in told
    assert "\n" not in told


def test_an_entry_must_be_a_dictionary(app: Celery) -> None:
    with pytest.raises(EntryError, match="entry 'job' must be a dictionary"):
        read_entry("job", "add", app)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (crontab(minute=30, hour=7, day_of_week="mon-fri"), "30 7 * * mon-fri"),
        (crontab(minute=[0, 30], hour=7), "0,30 7 * * *"),
        (schedule(90), "every 90 s"),
        (schedule(7200), "every 2 h"),
        (schedule(86400, relative=True), "every 1 d (relative)"),
    ],
)
def test_schedules_are_stored_and_read_back(app: Celery, made: Any, text: str) -> None:
    back = read_schedule(write_schedule(made), app)

    assert back == made
    assert describe_schedule(back) == describe_schedule(made) == text


def test_schedules_by_the_sun_are_stored_and_read_back(app: Celery) -> None:
    pytest.importorskip("ephem")
    made = solar("sunset", 48.1, 11.6)

    assert read_schedule(write_schedule(made), app) == made
    assert describe_schedule(made) == "sunset at 48.1, 11.6"


def test_what_cannot_be_stored_says_where_it_belongs() -> None:
    class Own(schedule):
        pass

    with pytest.raises(ValueError, match="class Own cannot be stored: put it into beat_schedule"):
        write_schedule(Own(1))
    with pytest.raises(ValueError, match="nowfun cannot be stored: put it into beat_schedule"):
        write_schedule(crontab(nowfun=lambda: datetime.now(UTC)))


def test_a_nowfun_is_the_present_of_its_entry(app: Celery) -> None:
    noon = datetime(2026, 5, 2, 12, tzinfo=UTC)
    own = read_entry("job", {"task": "add", "schedule": crontab(nowfun=lambda: noon)}, app)
    naive = crontab(nowfun=lambda: noon.replace(tzinfo=None))
    plain = read_entry("job", {"task": "add", "schedule": 1}, app)

    later = noon + timedelta(hours=1)
    assert own.present(later) == noon
    assert read_entry("job", {"task": "add", "schedule": naive}, app).present(later) == noon
    assert plain.present(later) == later
