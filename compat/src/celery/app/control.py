"""Commands to workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.control import (
    Control,
    Inspect,
    flatten_reply,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "Control",
    "Inspect",
    "flatten_reply",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
