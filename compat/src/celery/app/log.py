"""Where loggers write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.app.log import (
    Logging,
    TaskFormatter,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "Logging",
    "TaskFormatter",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
