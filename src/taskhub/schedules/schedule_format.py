"""Schedules as plain values, in settings, on the command line and in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from taskhub.schedules.base import BaseSchedule
from taskhub.schedules.crontabs import crontab
from taskhub.schedules.fields import ParseException
from taskhub.schedules.interval import SHORTEST, schedule
from taskhub.schedules.solar_events import solar

if TYPE_CHECKING:
    from taskhub.app.app import Celery

_FIELDS: Final = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
_FORMS: Final = (
    "write seconds, a timedelta, a schedule such as crontab(...), a text with five fields "
    '("30 7 * * mon-fri"), or {"every": seconds}, {"crontab": text}, {"solar": [event, lat, lon]}'
)


def read_schedule(value: Any, app: Celery | None = None, *, relative: bool = False) -> BaseSchedule:
    """Return the schedule that a value stands for, given the app.

    Raises:
        ValueError: It stands for none, or for one that would never run or always.
        ImproperlyConfigured: It is by the sun, and ephem is not installed.
    """
    try:
        made = _read(value, relative)
    except (OverflowError, ParseException, TypeError) as error:
        raise ValueError(str(error)) from error
    made.app = app
    if isinstance(made, schedule):
        _check_interval(made)
    return made


def write_schedule(made: BaseSchedule) -> dict[str, Any]:
    """Return a schedule in the form in which it is stored.

    Raises:
        ValueError: It is of the user's own class, or has a `nowfun`.
    """
    if made.nowfun is not None:
        raise ValueError("a schedule with a nowfun cannot be stored: put it into beat_schedule")
    if type(made) is crontab:
        return {"crontab": {name: _plain_field(getattr(made, f"_orig_{name}")) for name in _FIELDS}}
    if type(made) is schedule:
        return {"every": made.run_every.total_seconds(), "relative": bool(made.relative)}
    if type(made) is solar:
        return {"solar": [made.event, made.lat, made.lon]}
    raise ValueError(
        f"a schedule of the class {type(made).__name__} cannot be stored: put it into beat_schedule"
    )


def describe_schedule(made: BaseSchedule) -> str:
    """Return a schedule for people, in few words."""
    if isinstance(made, crontab):
        fields = (_plain_field(getattr(made, f"_orig_{name}")) for name in _FIELDS)
        return " ".join(
            ",".join(map(str, field)) if isinstance(field, list) else str(field) for field in fields
        )
    if isinstance(made, schedule):
        return f"every {_length(made.run_every)}{' (relative)' if made.relative else ''}"
    if isinstance(made, solar):
        return f"{made.event} at {made.lat:g}, {made.lon:g}"
    return repr(made)


def _read(value: Any, relative: bool) -> BaseSchedule:
    if isinstance(value, BaseSchedule):
        return value
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is no schedule: {_FORMS}")
    if isinstance(value, int | float | timedelta):
        return schedule(value, relative)
    if isinstance(value, str):
        return crontab.from_string(value)
    if isinstance(value, Mapping) and len(value) >= 1:
        return _read_mapping(value, relative)
    raise ValueError(f"{value!r} is no schedule: {_FORMS}")


def _read_mapping(value: Mapping[str, Any], relative: bool) -> BaseSchedule:
    unknown = value.keys() - {"every", "relative", "crontab", "solar"}
    content = value.get("crontab")
    if not unknown and isinstance(content, str):
        return crontab.from_string(content)
    if not unknown and isinstance(content, Mapping) and content.keys() <= set(_FIELDS):
        return crontab(**content)
    if not unknown and isinstance(value.get("every"), int | float | timedelta):
        return schedule(value["every"], bool(value.get("relative", relative)))
    place = value.get("solar")
    if not unknown and isinstance(place, Sequence) and len(place) == 3:
        event, lat, lon = place
        return solar(event, float(lat), float(lon))
    raise ValueError(f"{dict(value)!r} is no schedule: {_FORMS}")


def _check_interval(made: schedule) -> None:
    if not isinstance(made.run_every, timedelta):
        raise ValueError(f"the interval {made.run_every!r} is neither seconds nor a timedelta")
    if made.run_every < SHORTEST:
        raise ValueError(
            f"the interval {made.run_every.total_seconds():g} s is too short: "
            "it must be 0.001 s or more"
        )


def _plain_field(spec: Any) -> Any:
    return spec if isinstance(spec, int | str) else sorted(spec)


def _length(every: timedelta) -> str:
    seconds = every.total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} s"
