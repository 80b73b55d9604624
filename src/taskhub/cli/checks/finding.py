"""What a check of `taskhub doctor` found."""

from __future__ import annotations

from typing import NamedTuple

from taskhub.system.level import Level

__all__ = ("Finding", "Level")


class Finding(NamedTuple):
    """What a check found; `advice` says what to do, if there is something to do."""

    level: Level
    subject: str
    detail: str
    advice: str = ""
