"""A message in the hands of a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.task import Request

__all__ = ("Request",)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
