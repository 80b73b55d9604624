"""Events of tasks and workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.app.events import (
    Events,
)
from taskhub.utils.offered import offered_only

__all__ = ("Events",)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
