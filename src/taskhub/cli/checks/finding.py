"""What a check of `taskhub doctor` found."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["ok", "warn", "fail"]


class Finding(NamedTuple):
    """What a check found; `advice` says what to do, if there is something to do."""

    level: Level
    subject: str
    detail: str
    advice: str = ""
