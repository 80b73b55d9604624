"""Jobs by the sun, with the events of Celery's `solar`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from taskhub.exceptions import ImproperlyConfigured
from taskhub.schedules.base import BaseSchedule, schedstate


class _Event(NamedTuple):
    #: The height of the sun, degrees and minutes.
    horizon: str
    #: The method of ephem's observer that finds it.
    method: str
    #: Whether the height is that of the sun's middle, not of its upper edge.
    of_center: bool


_EVENTS: Final = {
    "dawn_astronomical": _Event("-18", "next_rising", True),
    "dawn_nautical": _Event("-12", "next_rising", True),
    "dawn_civil": _Event("-6", "next_rising", True),
    "sunrise": _Event("-0:34", "next_rising", False),
    "solar_noon": _Event("0", "next_transit", False),
    "sunset": _Event("-0:34", "next_setting", False),
    "dusk_civil": _Event("-6", "next_setting", True),
    "dusk_nautical": _Event("-12", "next_setting", True),
    "dusk_astronomical": _Event("-18", "next_setting", True),
}
#: How far apart two events of one kind surely are: what is found nearer is the same one.
_SAME = timedelta(minutes=30)


class solar(BaseSchedule):  # noqa: N801
    """Runs at an event of the sun, at a place.

    Where an event does not happen every day, as sunrise beyond the polar circles, it runs when it
    next does.

    Args:
        event: dawn_astronomical, dawn_nautical, dawn_civil, sunrise, solar_noon, sunset,
            dusk_civil, dusk_nautical or dusk_astronomical.
        lat, lon: Latitude and longitude in degrees; north and east are positive.

    Raises:
        ImproperlyConfigured: Ephem is not installed.
        ValueError: Event, latitude or longitude is out of range.
    """

    absolute = True
    #: How many days ahead to look for an event that does not happen every day.
    max_search_days = 366

    def __init__(self, event: str, lat: float, lon: float, **kwargs: Any) -> None:
        try:
            import ephem
        except ImportError as error:
            raise ImproperlyConfigured(
                "schedules by the sun need ephem: install the extra taskhub-scheduler[solar]"
            ) from error
        if event not in _EVENTS:
            raise ValueError(f"solar event {event!r} is none of {', '.join(sorted(_EVENTS))}")
        if not -90 <= lat <= 90:
            raise ValueError(f"solar latitude {lat} is out of range: -90 to 90")
        if not -180 <= lon <= 180:
            raise ValueError(f"solar longitude {lon} is out of range: -180 to 180")
        self.event = event
        self.lat = lat
        self.lon = lon
        self.ephem: Any = ephem
        self.method = _EVENTS[event].method
        self.use_center = _EVENTS[event].of_center
        self.cal: Any = ephem.Observer()
        self.cal.lat, self.cal.lon = str(lat), str(lon)
        self.cal.elev = self.cal.pressure = 0
        self.cal.horizon = _EVENTS[event].horizon
        super().__init__(**kwargs)

    def next_fire(self, after: datetime) -> datetime | None:
        found = self._next_event(after)
        if found <= after:
            # What is known in milliseconds may lie a little before the event that it came from.
            found = self._next_event(after + _SAME)
        # Full seconds, later rather than earlier: the search does not find the same event again.
        return found.replace(microsecond=0) + timedelta(seconds=1)

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        last = self.maybe_make_aware(last_run_at).astimezone(UTC)
        now = self.maybe_make_aware(self.now())
        return self._next_event(last) - now.astimezone(UTC)

    def is_due(self, last_run_at: datetime) -> tuple[bool, float]:
        left = self.remaining_estimate(last_run_at).total_seconds()
        if left > 0:
            return schedstate(False, left)
        return schedstate(True, max(self.remaining_estimate(self.now()).total_seconds(), 0))

    def _next_event(self, start: datetime) -> datetime:
        """Return the first event after a time, in UTC; within a year, or else the year's end."""
        sun, moment = self.ephem.Sun(), self.ephem.Date(start.astimezone(UTC))
        options = {"use_center": True} if self.use_center else {}
        self.cal.date = moment
        for _ in range(self.max_search_days):
            try:
                moment = getattr(self.cal, self.method)(sun, start=moment, **options)
                break
            except self.ephem.CircumpolarError:
                # The next midnight by the sun.
                moment = self.cal.next_antitransit(sun, start=moment)
        found: datetime = moment.datetime().replace(tzinfo=UTC)
        return found

    def __eq__(self, other: object) -> bool:
        if isinstance(other, solar):
            return (self.event, self.lat, self.lon) == (other.event, other.lat, other.lon)
        return NotImplemented

    __hash__ = None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.event, self.lat, self.lon)

    def __repr__(self) -> str:
        return f"<solar: {self.event} at latitude {self.lat}, longitude: {self.lon}>"
