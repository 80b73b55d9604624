"""What signals are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.signals import (
    Signal,
)
from taskhub.utils.offered import offered_only

__all__ = ("Signal",)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
