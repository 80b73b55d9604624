"""Instants and durations as the API writes them: ISO 8601 in UTC with milliseconds, and seconds."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ("iso", "iso_now", "parse_iso", "seconds")


def iso(at: float | datetime | None) -> str | None:
    """Return an instant (seconds since the epoch, or a datetime) as text; None for none."""
    if at is None:
        return None
    try:
        moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (OverflowError, OSError, ValueError):
        # Beyond what a datetime can hold, e.g. an eta in the year 20,000.
        return None


def iso_now() -> str:
    """Return the present as text."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_iso(value: object) -> float | None:
    """Return the instant of an ISO 8601 text, seconds since the epoch; None: it is none."""
    if not isinstance(value, str) or not value:
        return None
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp()
    except (OverflowError, OSError, ValueError):
        return None


def seconds(value: float | None) -> float | None:
    """Return a duration to the millisecond, never negative: clocks of hosts differ a little."""
    return None if value is None else round(max(0.0, value), 3)
