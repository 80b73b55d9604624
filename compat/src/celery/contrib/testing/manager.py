"""Waiting for what workers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.testing.manager import (
    Manager,
    ManagerMixin,
    Sentinel,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "Manager",
    "ManagerMixin",
    "Sentinel",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
