"""Schedules in words: `Every 15 minutes, 09:00 to 14:45, Monday to Friday`."""

from __future__ import annotations

from typing import Any, Final

from taskhub.schedules.base import BaseSchedule
from taskhub.schedules.crontabs import crontab
from taskhub.schedules.interval import schedule
from taskhub.schedules.solar_events import solar

__all__ = ("crontab_fields", "schedule_words")

_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_FIELDS: Final = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")


def schedule_words(made: BaseSchedule) -> str:
    """Return a schedule for people."""
    if isinstance(made, crontab):
        return _crontab_words(made)
    if isinstance(made, schedule):
        return f"Every {_length(made.run_every.total_seconds())}"
    if isinstance(made, solar):
        return f"At {made.event.replace('_', ' ')}, {made.lat:g}, {made.lon:g}"
    return repr(made)


def crontab_fields(made: crontab) -> list[str]:
    """Return the five fields of a crontab as they were written."""
    found = []
    for name in _FIELDS:
        value: Any = getattr(made, f"_orig_{name}")
        found.append(
            str(value) if isinstance(value, int | str) else ",".join(map(str, sorted(value)))
        )
    return found


def _crontab_words(made: crontab) -> str:
    minutes, hours = sorted(made.minute), sorted(made.hour)
    parts = [_time_words(minutes, hours)]
    days = _day_words(made)
    if days == "" and len(minutes) * len(hours) == 1:
        return f"Every day {parts[0]}"
    if days.startswith("every ") and len(minutes) * len(hours) == 1:
        return f"{days[0].upper()}{days[1:]} {parts[0]}"
    text = ", ".join(part for part in (*parts, days) if part)
    return f"{text[0].upper()}{text[1:]}"


def _time_words(minutes: list[int], hours: list[int]) -> str:  # noqa: C901, PLR0911 - a sentence for each form
    step = _step(minutes, 60)
    if len(hours) == 24:
        if len(minutes) == 60:
            return "every minute"
        if minutes == [0]:
            return "on the hour"
        if len(minutes) == 1:
            return f"every hour at minute {minutes[0]}"
        if step:
            return f"every {step} minutes"
        return f"every hour at minutes {_listed(list(map(str, minutes)))}"
    if len(minutes) == 1 and len(hours) == 1:
        return f"at {hours[0]:02}:{minutes[0]:02}"
    hour_step = _step(hours, 24)
    if len(minutes) == 1 and hour_step:
        return f"every {hour_step} hours at minute {minutes[0]}"
    if len(minutes) == 1 and len(hours) <= 4:
        return f"at {_listed([f'{hour:02}:{minutes[0]:02}' for hour in hours])}"
    between = ""
    if hours == list(range(hours[0], hours[-1] + 1)):
        between = f", {hours[0]:02}:{minutes[0]:02} to {hours[-1]:02}:{minutes[-1]:02}"
    else:
        between = f", in the hours {_listed([f'{hour:02}' for hour in hours])}"
    if len(minutes) == 60:
        return f"every minute{between}"
    if step:
        return f"every {step} minutes{between}"
    if minutes == [0]:
        return f"on the hour{between}"
    return f"at minutes {_listed(list(map(str, minutes)))}{between}"


def _day_words(made: crontab) -> str:
    days, months, weekdays = (
        sorted(made.day_of_month),
        sorted(made.month_of_year),
        sorted(made.day_of_week),
    )
    parts = []
    if len(weekdays) < 7:
        if weekdays == [1, 2, 3, 4, 5]:
            parts.append("Monday to Friday")
        elif len(weekdays) == 1:
            parts.append(f"every {_DAYS[weekdays[0]]}")
        else:
            parts.append(_listed([_DAYS[day] for day in weekdays]))
    if len(days) < 31:
        what = "day" if len(days) == 1 else "days"
        parts.append(
            f"on {what} {_listed(list(map(str, days)))} of "
            f"{'the' if len(months) < 12 else 'each'} month"
        )
    if len(months) < 12:
        parts.append(f"in {_listed([_MONTHS[month - 1] for month in months])}")
    return ", ".join(parts)


def _step(values: list[int], whole: int) -> int | None:
    """Return the step of values that divide the whole evenly from 0; None: they do not."""
    if len(values) < 2 or values[0] != 0:
        return None
    step = values[1]
    return step if whole % step == 0 and values == list(range(0, whole, step)) else None


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _length(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            count = int(seconds // length)
            return unit if count == 1 else f"{count} {unit}s"
    if seconds == 1:
        return "second"
    return f"{seconds:g} seconds"
