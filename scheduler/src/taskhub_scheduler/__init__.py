"""The scheduler process of taskhub, on APScheduler; any number of them may run."""

from __future__ import annotations

from taskhub_scheduler.process import Scheduler

__all__ = ["Scheduler"]
