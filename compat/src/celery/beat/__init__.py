"""Periodic jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from celery.beat._entry import ScheduleEntry
from celery.beat._monitored import send_as_beat
from celery.beat._persistent import PersistentScheduler
from celery.beat._scheduler import DEFAULT_MAX_INTERVAL, Scheduler, SchedulingError
from celery.beat._service import Service
from taskhub.schedules import fire_messages
from taskhub.schedules.lazy_arguments import BeatLazyFunc

__all__ = (
    "DEFAULT_MAX_INTERVAL",
    "BeatLazyFunc",
    "PersistentScheduler",
    "ScheduleEntry",
    "Scheduler",
    "SchedulingError",
    "Service",
)

# A library that replaces `Scheduler.apply_entry` has imported this module.
fire_messages.route_sending(send_as_beat)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
