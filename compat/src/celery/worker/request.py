"""A message in the hands of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.task import (
    Request,
)
from taskhub.utils.offered import offered_only

__all__ = ("Request",)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
