"""Retries around the body of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.task.retrying import (
    add_autoretry_behaviour,
)
from taskhub.utils.offered import offered_only

__all__ = ("add_autoretry_behaviour",)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
