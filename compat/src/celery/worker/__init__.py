"""What programs see of workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from celery.worker.worker import WorkController

__all__ = ("WorkController",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
