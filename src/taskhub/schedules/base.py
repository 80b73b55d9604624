"""The base class of schedules: Celery's methods, and fire times in advance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub.current import current_app
from taskhub.schedules.zones import LocalZone, aware

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: How far back `last_fire` looks, step by step, before it looks at everything.
_LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=400))


class schedstate(NamedTuple):  # noqa: N801
    """Whether a job is due, and the seconds to the next check."""

    is_due: bool
    next: float


class BaseSchedule:
    """The fire times of a job.

    A subclass defines `remaining_estimate` and `is_due`, as in Celery; one that knows its fire
    times in advance defines `next_fire`, too.

    Args:
        nowfun: Returns the present; None: the app's `now`.
        app: The app whose time zone counts; None: the current one.
    """

    #: Whether its fire times do not depend on the last one, as those of an interval do.
    absolute = False
    _tz: tzinfo | None = None

    def __init__(
        self, nowfun: Callable[[], datetime] | None = None, app: Celery | None = None
    ) -> None:
        self.nowfun = nowfun
        self._app = app

    @property
    def app(self) -> Any:
        """The app whose time zone counts."""
        if self._app is not None:
            return self._app
        return current_app()

    @app.setter
    def app(self, app: Any) -> None:
        self._app = app

    @property
    def tz(self) -> tzinfo:
        """The app's time zone; subclasses may set one of their own."""
        zone: tzinfo = self._tz or self.app.timezone
        return zone

    @tz.setter
    def tz(self, zone: tzinfo) -> None:
        self._tz = zone

    @property
    def utc_enabled(self) -> bool:
        """The app's setting `enable_utc`."""
        return bool(self.app.conf.enable_utc)

    def now(self) -> datetime:
        """Return the present."""
        moment: datetime = (self.nowfun or self.app.now)()
        return moment

    def maybe_make_aware(self, dt: datetime, naive_as_utc: bool = True) -> datetime:
        """Return a time with a zone; a naive one is in UTC or, if not `naive_as_utc`, local."""
        if not naive_as_utc and dt.tzinfo is None:
            return dt.replace(tzinfo=self.tz)
        return aware(dt, self.tz)

    def to_local(self, dt: datetime) -> datetime:
        """Return a moment in local time, unless the app works in UTC."""
        return dt if self.utc_enabled else dt.astimezone(LocalZone())

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        """Return the time left until the run after `last_run_at`; negative: it is late."""
        raise NotImplementedError(f"{type(self).__name__} does not say when it is due")

    def is_due(self, last_run_at: datetime) -> tuple[bool, float]:
        """Return whether the run after `last_run_at` is due, and the seconds to the next check."""
        raise NotImplementedError(f"{type(self).__name__} does not say when it is due")

    # -- fire times

    @property
    def has_known_fires(self) -> bool:
        """Whether fire times are known in advance: not if a user's class decides by `is_due`."""
        for kind in type(self).__mro__:
            if "next_fire" in vars(kind):
                return kind is not BaseSchedule
            if "is_due" in vars(kind) or "remaining_estimate" in vars(kind):
                return False
        return False

    def next_fire(self, after: datetime) -> datetime | None:
        """Return the first fire time after a time (with a zone), in UTC; None: there is none.

        For a user's class it is computed from `is_due`, as by Celery's beat: that may depend on
        the present.
        """
        due, seconds = self.is_due(after)
        moment = aware(self.now(), self.tz).astimezone(UTC)
        if not due:
            moment += timedelta(seconds=float(seconds))
        return max(moment, after.astimezone(UTC) + timedelta(milliseconds=1))

    def fires_between(self, after: datetime, until: datetime, most: int) -> list[datetime]:
        """Return the first `most` fire times after `after` and up to `until`, in UTC."""
        found: list[datetime] = []
        fire = self.next_fire(after)
        while fire is not None and fire <= until and len(found) < most:
            found.append(fire)
            fire = self.next_fire(fire)
        return found

    def last_fire(self, after: datetime, until: datetime) -> datetime | None:
        """Return the last fire time after `after` and up to `until`, in UTC; None: none."""
        starts = [after]
        if self.absolute:
            recent = [until - back for back in _LOOK_BACK]
            starts = [*(start for start in recent if start > after), after]
        for start in starts:
            last = None
            fire = self.next_fire(start)
            while fire is not None and fire <= until:
                last, fire = fire, self.next_fire(fire)
            if last is not None:
                return last
        return None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, BaseSchedule):
            return other.nowfun == self.nowfun
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]
