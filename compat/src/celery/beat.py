"""Periodic jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.schedules.beat import (
    DEFAULT_MAX_INTERVAL,
    BeatLazyFunc,
    PersistentScheduler,
    ScheduleEntry,
    Scheduler,
    SchedulingError,
    Service,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "DEFAULT_MAX_INTERVAL",
    "BeatLazyFunc",
    "PersistentScheduler",
    "ScheduleEntry",
    "Scheduler",
    "SchedulingError",
    "Service",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
