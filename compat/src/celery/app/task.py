"""Tasks and their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.task import Context, Task
from taskhub.task import Task as BaseTask

__all__ = (
    "BaseTask",
    "Context",
    "Task",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
