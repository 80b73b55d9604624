"""Commands of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery._unsupported import unsupported_getattr
from taskhub.control import Panel, control_command, inspect_command, nok, ok

__all__ = (
    "Panel",
    "control_command",
    "inspect_command",
    "nok",
    "ok",
)

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
