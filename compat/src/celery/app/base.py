"""The app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.app import Celery
from taskhub.app import Celery as App

__all__ = (
    "App",
    "Celery",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
