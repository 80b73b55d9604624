"""The scheduler process of taskhub: it starts the periodic jobs, on APScheduler. Any number of them may run."""

from __future__ import annotations

from taskhub_scheduler.process import Scheduler

__all__ = ["Scheduler"]
