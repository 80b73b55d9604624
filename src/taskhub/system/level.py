"""How bad something is, and from when on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ("LEVELS", "Level", "Threshold", "worst")

Level = Literal["ok", "warn", "fail"]

#: From good to bad.
LEVELS: Final[tuple[Level, ...]] = ("ok", "warn", "fail")


@dataclass(frozen=True)
class Threshold:
    """From when on a number is bad.

    Parameters:
        warn: From here on it is a warning; None: never.
        fail: From here on it is a failure; None: never.
        low: Whether small numbers are the bad ones: then it is bad *below* these.
    """

    warn: float | None
    fail: float | None
    low: bool = False

    def judge(self, value: float) -> Level:
        """Return how bad a value is."""
        if self._is_beyond(value, self.fail):
            return "fail"
        return "warn" if self._is_beyond(value, self.warn) else "ok"

    def bound(self, level: Level) -> float:
        """Return from where on values have a level that some have."""
        return (self.fail if level == "fail" else self.warn) or 0.0

    def _is_beyond(self, value: float, bound: float | None) -> bool:
        if bound is None:
            return False
        return value < bound if self.low else value >= bound


def worst(levels: Iterable[Level]) -> Level:
    """Return the worst of some levels; of none, ``ok``."""
    found = set(levels)
    if "fail" in found:
        return "fail"
    return "warn" if "warn" in found else "ok"
