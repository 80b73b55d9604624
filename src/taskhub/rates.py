"""Rate limits as they are written, in Celery's syntax."""

from __future__ import annotations

#: Seconds of the units in which rates are given.
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def per_second(rate: str | float | None) -> float:
    """Return a rate such as "10/s", "100/m" or "2/h" in tasks per second; 0: without limit.

    A number is a rate per second.

    Raises:
        ValueError: It is of another form.
    """
    if not rate:
        return 0.0
    count, _, unit = str(rate).partition("/")
    try:
        value = float(count) / _UNITS[unit or "s"]
    except (KeyError, ValueError):
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError(
            f'{rate!r} is no rate: give a number, or one with a unit as in "10/s", "100/m", "2/h"'
        )
    return value


def rate_text(interval: int) -> str:
    """Return a rate as it is written, in the first unit in which it is a whole number.

    Args:
        interval: Microseconds from one task to the next; they are rounded.
    """
    for unit, seconds in _UNITS.items():
        count = seconds * 1_000_000 / interval
        if round(count) >= 1 and abs(count - round(count)) < 1e-5 * count:
            return f"{round(count)}/{unit}"
    return f"{_UNITS['h'] * 1_000_000 / interval:g}/h"
