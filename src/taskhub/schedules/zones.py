"""Points in time and time zones: pure functions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


class LocalZone(tzinfo):
    """The time zone of this machine, with its daylight-saving changes."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        if moment is None:
            return None
        # A datetime without a zone is taken as local time by the standard library.
        return moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, moment: datetime | None) -> timedelta | None:
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, moment: datetime) -> datetime:
        here = moment.replace(tzinfo=UTC).astimezone()
        wall = here.replace(tzinfo=None)
        # The second time of an hour that comes twice.
        repeated = wall.astimezone().utcoffset() != here.utcoffset()
        return wall.replace(tzinfo=self, fold=int(repeated))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalZone)

    def __hash__(self) -> int:
        return hash(LocalZone)

    def __repr__(self) -> str:
        return "LocalZone()"


def aware(moment: datetime, zone: tzinfo) -> datetime:
    """Return a time with a zone; a naive one is taken as UTC and shown in `zone`, as in Celery."""
    if moment.tzinfo is not None and moment.utcoffset() is not None:
        return moment
    return moment.replace(tzinfo=UTC).astimezone(zone)


def elapsed(moment: datetime, duration: timedelta) -> datetime:
    """Return the moment that much real time later, in the same zone."""
    return (moment.astimezone(UTC) + duration).astimezone(moment.tzinfo)


def occurrences(wall: datetime) -> tuple[datetime, datetime]:
    """Return when a local time occurs, in UTC: twice the same, unless the hour comes twice.

    A local time that is left out in spring occurs as much later as the clock is put forward.
    """
    first = wall.replace(fold=0).astimezone(UTC)
    second = wall.replace(fold=1).astimezone(UTC)
    return (first, second) if second > first else (first, first)


def from_milliseconds(value: int) -> datetime:
    """Return the moment that many milliseconds after the epoch, in UTC."""
    return datetime.fromtimestamp(value // 1000, UTC) + timedelta(milliseconds=value % 1000)


def to_milliseconds(moment: datetime) -> int:
    """Return the milliseconds from the epoch to a moment, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
