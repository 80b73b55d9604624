"""Tasks that can be asked to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.task.abortable import (
    ABORTED,
    AbortableAsyncResult,
    AbortableTask,
)

__all__ = (
    "ABORTED",
    "AbortableAsyncResult",
    "AbortableTask",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
