"""Loggers for tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.utils.log import (
    LOG_LEVELS,
    ColorFormatter,
    base_logger,
    get_logger,
    get_task_logger,
    mlevel,
    task_logger,
    worker_logger,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "LOG_LEVELS",
    "ColorFormatter",
    "base_logger",
    "get_logger",
    "get_task_logger",
    "mlevel",
    "task_logger",
    "worker_logger",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
