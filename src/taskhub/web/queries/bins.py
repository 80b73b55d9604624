"""Spans of the charts, and the bins that they are cut into."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = ("SPANS", "bin_range", "minutes_of_bin")


class Span(NamedTuple):
    """A span of time."""

    #: Seconds of a bin.
    step: int
    #: How many bins it has; the last one is not over yet.
    bins: int


SPANS: Final[Mapping[str, Span]] = {"1h": Span(60, 60), "24h": Span(900, 96), "72h": Span(3600, 72)}


def bin_range(span: str, now: float) -> range:
    """Return the bins of a span that ends now, counted from the epoch."""
    step, bins = SPANS[span]
    last = int(now // step)
    return range(last - bins + 1, last + 1)


def minutes_of_bin(span: str, number: int) -> range:
    """Return the minutes of a bin, counted from the epoch."""
    each = SPANS[span].step // 60
    return range(number * each, (number + 1) * each)
