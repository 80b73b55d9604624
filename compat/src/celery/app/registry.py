"""The tasks of an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.app.registry import (
    TaskRegistry,
)
from taskhub.utils.offered import offered_only

__all__ = ("TaskRegistry",)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
