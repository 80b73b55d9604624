"""Schedulers of one's own, as classes (as `celery.beat`): `celery beat -S proj.schedulers:Mine`.

taskhub's own scheduler is not one of these: it is `taskhub_scheduler`, of which any number may run. Of these exactly
one may, as with Celery.
"""

from __future__ import annotations

from taskhub.schedules.beat.entry import ScheduleEntry
from taskhub.schedules.beat.persistent import PersistentScheduler
from taskhub.schedules.beat.scheduler import DEFAULT_MAX_INTERVAL, Scheduler, SchedulingError
from taskhub.schedules.beat.service import Service
from taskhub.schedules.sending import BeatLazyFunc

__all__ = (
    "DEFAULT_MAX_INTERVAL",
    "BeatLazyFunc",
    "PersistentScheduler",
    "ScheduleEntry",
    "Scheduler",
    "SchedulingError",
    "Service",
)
