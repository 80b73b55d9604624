"""Commands of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.control import (
    Panel,
    control_command,
    inspect_command,
    nok,
    ok,
)
from taskhub.utils.offered import offered_only

__all__ = (
    "Panel",
    "control_command",
    "inspect_command",
    "nok",
    "ok",
)

if not TYPE_CHECKING:
    __getattr__ = offered_only(__name__)
