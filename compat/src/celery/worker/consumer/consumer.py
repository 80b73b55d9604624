"""A worker, as the sender of signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from celery.worker.worker import WorkController as Consumer

__all__ = ("Consumer",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
