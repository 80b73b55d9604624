"""Tasks for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.testing.tasks import (
    ping,
)
from taskhub.utils.offered import offered_only

__all__ = ("ping",)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
