"""Results in Redis: where they always are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.result.backend import Backend as RedisBackend
from taskhub.result.backend import Backend as SentinelBackend

__all__ = (
    "RedisBackend",
    "SentinelBackend",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
