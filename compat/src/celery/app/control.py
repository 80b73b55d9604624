"""Commands to workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.control import Control, Inspect, flatten_reply

__all__ = (
    "Control",
    "Inspect",
    "flatten_reply",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
