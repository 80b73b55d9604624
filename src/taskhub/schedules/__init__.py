"""Periodic jobs: schedules under Celery's names, entries, and the leader that fires them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskhub.schedules.base import BaseSchedule, schedstate
    from taskhub.schedules.crontabs import crontab
    from taskhub.schedules.fields import ParseException, crontab_parser
    from taskhub.schedules.interval import maybe_schedule, schedule
    from taskhub.schedules.solar_events import solar

_HOMES = {
    "BaseSchedule": "base",
    "ParseException": "fields",
    "crontab": "crontabs",
    "crontab_parser": "fields",
    "maybe_schedule": "interval",
    "schedstate": "base",
    "schedule": "interval",
    "solar": "solar_events",
}

__all__ = [
    "BaseSchedule",
    "ParseException",
    "crontab",
    "crontab_parser",
    "maybe_schedule",
    "schedstate",
    "schedule",
    "solar",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'taskhub.schedules' has no attribute {name!r}")
    value = getattr(import_module(f"taskhub.schedules.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
