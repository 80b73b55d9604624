"""Values of a call's options: checks of texts, numbers and dates, and when a call is due."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, tzinfo
from numbers import Real
from typing import Any, NamedTuple

#: The longest wait that can be given in seconds; what is later than the year 9999 has no date.
_LONGEST = timedelta.max.total_seconds()


def check_text(name: str, value: Any) -> str:
    """Return an option that must be a text.

    Raises:
        TypeError: It is not.
    """
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, not {value!r:.100} ({_type(value)})")
    return value


def check_number(name: str, value: Any, least: float | None = None) -> Any:
    """Return an option that must be a number, and not below `least`.

    Raises:
        OverflowError: It is out of every range.
        TypeError: It is no number.
        ValueError: It is not finite, or below `least`.
    """
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, not {value!r:.100} ({_type(value)})")
    try:
        finite = math.isfinite(value)
    except OverflowError:
        raise OverflowError(f"{name} is out of range: no such number can be used") from None
    if not finite:
        raise ValueError(f"{name} must be a finite number, not {value!r}")
    if least is not None and value < least:
        raise ValueError(f"{name} must be {least} or more, not {value!r}")
    return value


def check_count(name: str, value: Any) -> int:
    """Return an option that must be a whole number from 0.

    Raises:
        TypeError: It is not a whole number.
        ValueError: It is below 0.
    """
    check_number(name, value, 0)
    if value != int(value):
        raise TypeError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def check_seconds(name: str, value: Any) -> float:
    """Return an option that must be seconds from 0; a timedelta is taken as its seconds.

    Raises:
        TypeError: It is neither.
        ValueError: It is below 0, or too long.
    """
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    check_number(f"{name} (seconds)", seconds, 0)
    if seconds > _LONGEST:
        raise ValueError(f"{name} (seconds) must be {_LONGEST:.0f} or less, not {value!r}")
    number: float = seconds
    return number


def seconds_from_now(name: str, value: Any) -> datetime:
    """Return the datetime that is so many seconds from now.

    Raises:
        OverflowError: It is out of range.
        TypeError: The value is no number.
        ValueError: It is not finite.
    """
    try:
        if value != math.inf and value != -math.inf:
            check_number(f"{name} (seconds)", value)
        return datetime.now(UTC) + timedelta(seconds=float(value))
    except OverflowError:
        # Python refuses to write integers of thousands of digits.
        shown = f"{value!r}" if abs(value) < 10**20 else "..."
        raise OverflowError(f"{name}={shown} is out of range: give seconds, or a date") from None


def check_date(name: str, value: Any, timezone: tzinfo) -> datetime:
    """Return a datetime, given as such or as ISO 8601 text; a naive one is in `timezone`.

    Raises:
        TypeError: It is neither.
        ValueError: The text is no date.
    """
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{name}={value!r:.100} is not a date in ISO 8601") from None
    if not isinstance(value, datetime) and isinstance(value, date) and name == "eta":
        # As in Celery: its midnight.
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        numbers = "a number of seconds, " if name == "expires" else ""
        raise TypeError(
            f"{name} must be {numbers}a datetime or ISO 8601 text, "
            f"not {value!r:.100} ({_type(value)})"
        )
    return value if value.tzinfo is not None else value.replace(tzinfo=timezone)


def as_list(value: Any) -> list[Any]:
    """Return one or many as a list."""
    if value is None:
        return []
    if isinstance(value, list | tuple | set):
        return list(value)
    return [value]


def _type(value: Any) -> str:
    return type(value).__qualname__


class Due(NamedTuple):
    """When a message is due: as an envelope stores it, and the text of `request.eta`."""

    delay: int = 0
    eta: int | None = None
    text: str | None = None


#: A message that is due now.
DUE_NOW = Due()


def compute_due(countdown: float | None, eta: Any, timezone: tzinfo) -> Due:
    """Return when a call with this countdown (seconds) or eta (datetime or ISO 8601 text) is due.

    Raises:
        OverflowError: the countdown is out of range.
        ValueError: the eta is no date.
    """
    if countdown:
        at = seconds_from_now("countdown", countdown)
        return Due(delay=max(0, int(countdown * 1000)), text=at.isoformat())
    if not eta:
        return DUE_NOW
    at = check_date("eta", eta, timezone)
    return Due(eta=int(at.timestamp() * 1000), text=at.isoformat())


def compute_expiry(expires: Any, timezone: tzinfo) -> str | None:
    """Return the expiry of a call (seconds from now, datetime, or ISO 8601 text) as ISO 8601 text.

    Raises:
        OverflowError: the seconds are out of range.
        ValueError: the text is no date.
    """
    if expires is None:
        return None
    if isinstance(expires, Real):
        return seconds_from_now("expires", expires).isoformat()
    return check_date("expires", expires, timezone).isoformat()
