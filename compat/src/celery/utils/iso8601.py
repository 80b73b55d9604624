"""Times as text (as `celery.utils.iso8601`)."""

from __future__ import annotations

from datetime import UTC, datetime

from celery._unsupported import unsupported_getattr

__all__ = ("parse_iso8601",)


def parse_iso8601(datestring: str) -> datetime:
    """Return the time that a text in ISO 8601 names; one without a zone stays so.

    Raises:
        ValueError: It names none.
    """
    found = datetime.fromisoformat(datestring)
    return found.replace(tzinfo=UTC) if datestring.endswith("Z") else found


__getattr__ = unsupported_getattr(__name__)
