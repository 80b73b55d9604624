"""Tasks that can be asked to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.task.abortable import (
    ABORTED,
    AbortableAsyncResult,
    AbortableTask,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "ABORTED",
    "AbortableAsyncResult",
    "AbortableTask",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
