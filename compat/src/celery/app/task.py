"""Tasks and their requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.task import (
    Context,
    Task,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "Context",
    "Task",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
