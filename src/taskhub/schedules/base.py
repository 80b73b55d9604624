"""What every schedule is, with the methods of Celery's, and one of ours: the next tick after an instant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub.schedules.zones import LocalZone, aware

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: How far back `last_tick` looks, step by step, before it looks at everything.
_LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=400))


class schedstate(NamedTuple):  # noqa: N801
    """Whether a job is due, and in how many seconds to look again."""

    is_due: bool
    next: float


class BaseSchedule:
    """When a job runs.

    A *tick* is an instant at which it runs. A subclass gives `remaining_estimate` and `is_due`, as in Celery; one that
    knows its ticks beforehand gives `next_tick`, too.

    Parameters:
      nowfun: returns the present; None: the app's `now`.
      app: the app whose time zone counts; None: the current one.
    """

    #: Whether its ticks are the same whenever one starts to look. Those of an interval count from the last one.
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
        from taskhub.app.current import current_app

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
        """Return a moment with a zone; one without is taken as UTC, or, if not `naive_as_utc`, as local."""
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
        """Return whether the run after `last_run_at` is due, and in how many seconds to look again."""
        raise NotImplementedError(f"{type(self).__name__} does not say when it is due")

    # -- ticks

    @property
    def foretells(self) -> bool:
        """Whether its ticks are known beforehand: not where a subclass of the user's decides by `is_due`."""
        for kind in type(self).__mro__:
            if "next_tick" in vars(kind):
                return kind is not BaseSchedule
            if "is_due" in vars(kind) or "remaining_estimate" in vars(kind):
                return False
        return False

    def next_tick(self, after: datetime) -> datetime | None:
        """Return the first tick after an instant (with a zone), in UTC; None: there is none any more.

        A schedule of the user's own is asked with `is_due`, as Celery's beat asks it: what it answers may depend on the
        present.
        """
        due, seconds = self.is_due(after)
        moment = aware(self.now(), self.tz).astimezone(UTC)
        if not due:
            moment += timedelta(seconds=float(seconds))
        return max(moment, after.astimezone(UTC) + timedelta(milliseconds=1))

    def ticks_between(self, after: datetime, until: datetime, most: int) -> list[datetime]:
        """Return the first `most` ticks after one instant and not after another, in UTC."""
        found: list[datetime] = []
        tick = self.next_tick(after)
        while tick is not None and tick <= until and len(found) < most:
            found.append(tick)
            tick = self.next_tick(tick)
        return found

    def last_tick(self, after: datetime, until: datetime) -> datetime | None:
        """Return the last tick after one instant and not after another, in UTC; None: there is none."""
        starts = [after]
        if self.absolute:
            recent = [until - back for back in _LOOK_BACK]
            starts = [*(start for start in recent if start > after), after]
        for start in starts:
            last = None
            tick = self.next_tick(start)
            while tick is not None and tick <= until:
                last, tick = tick, self.next_tick(tick)
            if last is not None:
                return last
        return None

    def __eq__(self, other: object) -> bool:
        if isinstance(other, BaseSchedule):
            return other.nowfun == self.nowfun
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]
