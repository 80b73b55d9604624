"""Tasks of programs that use Django."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.task.django import (
    DjangoTask,
)
from taskhub.utils.offered import offered_only

__all__ = ("DjangoTask",)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
