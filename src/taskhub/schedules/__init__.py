"""Periodic jobs: schedules under Celery's names, entries, and the leader that fires them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.lazy_names import lazy_names

if TYPE_CHECKING:
    from taskhub.schedules.base import BaseSchedule, schedstate
    from taskhub.schedules.crontabs import crontab
    from taskhub.schedules.fields import ParseException, crontab_parser
    from taskhub.schedules.interval import maybe_schedule, schedule
    from taskhub.schedules.solar_events import solar

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

__getattr__ = lazy_names(
    __name__,
    {
        "BaseSchedule": ".base",
        "ParseException": ".fields",
        "crontab": ".crontabs",
        "crontab_parser": ".fields",
        "maybe_schedule": ".interval",
        "schedstate": ".base",
        "schedule": ".interval",
        "solar": ".solar_events",
    },
)
