"""Retries around the body of a task."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.task.retry import add_autoretry_behaviour

__all__ = ("add_autoretry_behaviour",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
