"""What this worker process is busy with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.control.state import (
    SOFTWARE_INFO,
    active_requests,
    all_total_count,
    requests,
    reserved_requests,
    revoked,
    scheduled_requests,
    task_accepted,
    task_ready,
    task_reserved,
    task_scheduled,
    total_count,
)

__all__ = (
    "SOFTWARE_INFO",
    "active_requests",
    "all_total_count",
    "requests",
    "reserved_requests",
    "revoked",
    "scheduled_requests",
    "task_accepted",
    "task_ready",
    "task_reserved",
    "task_scheduled",
    "total_count",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
