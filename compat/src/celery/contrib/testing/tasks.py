"""Tasks for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.testing.tasks import ping

__all__ = ("ping",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
