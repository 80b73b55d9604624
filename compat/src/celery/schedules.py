"""When periodic jobs run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.schedules import (
    BaseSchedule,
    ParseException,
    crontab,
    crontab_parser,
    maybe_schedule,
    schedstate,
    schedule,
    solar,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "BaseSchedule",
    "ParseException",
    "crontab",
    "crontab_parser",
    "maybe_schedule",
    "schedstate",
    "schedule",
    "solar",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
