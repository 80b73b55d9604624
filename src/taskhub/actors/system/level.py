"""How bad something is, and from when on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from taskhub.health import Level

__all__ = ("LEVELS", "Level", "Threshold", "parse_threshold", "worst")

#: From good to bad.
LEVELS: Final[tuple[Level, ...]] = ("ok", "warn", "fail")


@dataclass(frozen=True)
class Threshold:
    """From when on a number is bad.

    Args:
        warn: From here on it is a warning; None: never.
        fail: From here on it is a failure; None: never.
        low: Whether small numbers are the bad ones: then it is bad *below* these.
    """

    warn: float | None
    fail: float | None
    low: bool = False

    def assess(self, value: float) -> Level:
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


def parse_threshold(text: str, default: Threshold) -> Threshold:
    """Return the two numbers of `warn,fail`; either may be `-`: never.

    Args:
        text: What was written.
        default: In which direction it is bad, and an example.

    Raises:
        ValueError: It is not of this form, or the failure comes before the warning.
    """
    example = ",".join("-" if one is None else f"{one:g}" for one in (default.warn, default.fail))
    try:
        warn, fail = map(_bound, text.split(","))
    except ValueError:
        raise ValueError(
            f"{text!r} does not say from when on to warn, and from when on it is a failure: "
            f"write two numbers, for example {example}, or - for never"
        ) from None
    if warn is not None and fail is not None and (fail > warn if default.low else fail < warn):
        raise ValueError(
            f"of {text!r} the failure comes before the warning: "
            f"write the warning first, for example {example}"
        )
    return Threshold(warn, fail, default.low)


def _bound(text: str) -> float | None:
    if text.strip() == "-":
        return None
    number = float(text)
    if not abs(number) < 1e18:
        raise ValueError(f"{text} is no bound")
    return number
