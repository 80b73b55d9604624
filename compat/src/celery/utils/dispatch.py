"""What signals are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.signals import Signal

__all__ = ("Signal",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
