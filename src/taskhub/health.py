"""What a look at a service comes to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ("Check",)


@dataclass(frozen=True)
class Check:
    """What a check found.

    Parameters:
        ok: Whether the service can be used.
        seconds: How long the check took.
        detail: One line: what was found.
        advice: One line: what to do; None: nothing.
    """

    ok: bool
    seconds: float
    detail: str
    advice: str | None = None
