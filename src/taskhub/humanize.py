"""Numbers for people, the same in every language."""

from __future__ import annotations

__all__ = ("counted", "duration", "humanize_seconds", "percent", "short_duration", "size")


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with what is counted: "1 task", "2 tasks".

    Args:
        number: How many there are.
        one: What one of them is called.
        many: What several are called; None: the same with an s.
    """
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def duration(seconds: float) -> str:
    """Return a length of time in its two greatest units."""
    rest = max(0, round(seconds))
    parts: list[str] = []
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def short_duration(seconds: float) -> str:
    """Return a length of time that may be below a second, with three digits."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 120 else duration(seconds)


def percent(value: float) -> str:
    """Return a percentage with three digits."""
    return f"{value:.3g} %"


def size(count: float) -> str:
    """Return a number of bytes in its greatest unit."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"


def humanize_seconds(
    secs: float, prefix: str = "", sep: str = "", now: str = "now", microseconds: bool = False
) -> str:
    """Return seconds for people: 60 is "1.00 minute", 7200 is "2.00 hours".

    Args:
        secs: The seconds.
        prefix: Comes before it.
        sep: Comes between prefix and number.
        now: What less than a second is called.
        microseconds: Whether that is shown as a part of a second instead.
    """
    secs = round(float(secs), 2)
    for unit, length in (("day", 86400.0), ("hour", 3600.0), ("minute", 60.0), ("second", 1.0)):
        if secs >= length:
            return f"{prefix}{sep}{secs / length:.2f} {unit}{'' if secs == length else 's'}"
    return f"{prefix}{sep}{secs:.2f} seconds" if microseconds and secs > 0 else now
