"""Sending events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.app.events import EventDispatcher

__all__ = ("EventDispatcher",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
