"""Results of health checks, and findings of `taskhub doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

__all__ = ("Check", "Finding", "Level")

#: How bad something is.
Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """What a check found.

    Args:
        ok: Whether the service can be used.
        seconds: How long the check took.
        detail: One line: what was found.
        advice: One line: what to do; None: nothing.
    """

    ok: bool
    seconds: float
    detail: str
    advice: str | None = None


class Finding(NamedTuple):
    """A finding of `taskhub doctor`; a check is a function that takes the app and yields some.

    Args:
        level: How bad it is; `doctor` ends with 1 if something is `fail`.
        subject: What was looked at, in a word or two.
        detail: One line: what was found.
        advice: One line: what to do; empty: nothing.
    """

    level: Level
    subject: str
    detail: str
    advice: str = ""
