"""The app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.app import (
    Celery,
)
from taskhub.utils.offered import offered_only

__all__ = ("Celery",)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
