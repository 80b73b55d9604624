"""Types of options that several commands have."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import click

#: No wait and no interval is longer than this, seconds (about 30 years).
MOST_SECONDS = 1e9


class Seconds(click.FloatRange):
    """A number of seconds; neither endless nor "nan".

    Args:
        least: The least that may be given; None: any, below zero, too.
    """

    name = "SECONDS"

    def __init__(self, least: float | None = None) -> None:
        super().__init__(min=least, max=MOST_SECONDS)

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> Any:
        found = super().convert(value, parameter, context)
        if not math.isfinite(found):
            self.fail(f"{value!r} is no number of seconds", parameter, context)
        return found


class Moment(click.ParamType):  # type: ignore[type-arg,unused-ignore]  # generic from click 8.3 on
    """A time in ISO 8601, or seconds from now."""

    name = "TIME"

    def convert(
        self, value: Any, parameter: click.Parameter | None, context: click.Context | None
    ) -> float | datetime:
        if isinstance(value, int | float | datetime):
            return value
        try:
            seconds = float(value)
        except ValueError:
            pass
        else:
            found: float = Seconds().convert(seconds, parameter, context)
            return found
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time: write 2030-12-31T23:59+08:00", parameter, context)
