"""What is told with a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.app import (
    bugreport,
)
from taskhub.utils.offered import offered_only

__all__ = ("bugreport",)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
