"""What a scheduler process does through the app: lead, find out what is due, and send it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from taskhub.config.urls import mask_url
from taskhub.engine.port import Bell
from taskhub.engine.timetable import AHEAD, Leadership, Tick, TickFate, Timetable
from taskhub.exceptions import OperationalError
from taskhub.schedules.due import due, next_tick
from taskhub.schedules.entry import Entry
from taskhub.schedules.merging import Merged
from taskhub.schedules.sending import tick_of
from taskhub.schedules.zones import from_milliseconds, to_milliseconds

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)


class NotLeading(Exception):
    """Somebody else leads by now."""


class Held(Exception):
    """An entry's tick cannot be sent now, and is kept: it is made up for as soon as it can. The message says why."""


class Sent(NamedTuple):
    """What became of one tick."""

    tick: datetime
    task_id: str
    fate: TickFate


class Leader:
    """One scheduler's share in leading, and what it does while it leads.

    Parameters:
      holder: names it among all schedulers that ever are.
      lease: how long it leads without renewing that.
      grace: how late a tick may be that does not count as missed.
    """

    def __init__(self, app: Celery, holder: str, lease: timedelta, grace: timedelta) -> None:
        self._app = app
        self._holder = holder
        self._lease = lease // timedelta(milliseconds=1)
        self._grace = grace
        self._token = 0
        #: Entry -> its last tick that was dealt with.
        self._last: dict[str, datetime] = {}

    @property
    def _timetable(self) -> Timetable:
        return self._app.schedule.timetable

    def bell(self, *, leading: bool) -> Bell:
        """Return what rings when entries change, or, for who stands by, when the leader resigns."""
        timetable = self._timetable
        return self._app.engine.bell([timetable.leader_bell if leading else timetable.standby_bell])

    # -- leading

    def lead(self) -> Leadership:
        """Renew the leadership, or take it if nobody leads; a token of 0: somebody else does.

        Raises:
          OperationalError: the store is out of reach.
        """
        found = self._timetable.lead(self._holder, self._token, self._lease)
        self._token = found.token
        return found

    def resign(self) -> None:
        """Let somebody else lead, at once."""
        if self._token:
            self._timetable.resign(self._token)
            self._token = 0

    def load(self) -> tuple[int, Merged]:
        """Return the entries and their version, and take note of what each did last: needed with each new token.

        Raises:
          OperationalError: the store is out of reach.
        """
        version, documents = self._timetable.entries()
        runs = self._timetable.last_runs()
        self._last = {name: from_milliseconds(run.tick) for name, run in runs.items()}
        return version, self._app.schedule.merged_with(documents)

    def unknown_tasks(self, entries: Mapping[str, Entry]) -> dict[str, str]:
        """Return one line for each entry whose task this app does not have."""
        lines = {}
        for name, entry in entries.items():
            if entry.task not in self._app.tasks:
                lines[name] = _unknown(entry)
        return lines

    # -- ticks

    def last(self, entry: Entry) -> datetime | None:
        """Return the last tick of an entry that was dealt with; None: it is new."""
        return self._last.get(entry.name)

    def next(self, entry: Entry) -> datetime | None:
        """Return the first tick of an entry that was not dealt with; None: it is new, or has none any more."""
        last = self._last.get(entry.name)
        return None if last is None else next_tick(entry.schedule, last)

    def fire(self, entry: Entry, now: datetime) -> list[Sent]:
        """Deal with all ticks of an entry that are due; returns what became of those that were run.

        A new entry begins to tick now, and so does an interval when the clock was put back. A paused one lets its ticks
        pass.

        Raises:
          NotLeading: somebody else leads.
          Held: a tick could not be sent; it and those after it are still due.
          OperationalError: the store is out of reach; the same holds.
        """
        now = entry.present(now)
        last = self._last.get(entry.name)
        if last is None or _has_put_back(entry, last, now):
            self._deal(entry, Tick(entry.name, to_milliseconds(now)))
            return []
        found = due(entry, last, now, self._grace)
        if found.last is None:
            return []
        if not entry.enabled:
            self._deal(entry, Tick(entry.name, to_milliseconds(found.last)))
            return []
        if found.run and entry.origin == "application" and entry.task not in self._app.tasks:
            raise Held(_unknown(entry))
        if found.missed is not None:
            _tell_missed(
                entry, last, found.missed, [tick for tick in found.run if tick <= found.missed]
            )
        sent = []
        for tick in found.run:
            made = self._make(entry, tick)
            fate = self._deal(entry, made)
            if fate != "done":
                sent.append(Sent(tick, made.task_id, fate))
        if not found.run or found.run[-1] < found.last:
            self._deal(entry, Tick(entry.name, to_milliseconds(found.last)))
        return sent

    def _make(self, entry: Entry, at: datetime) -> Tick:
        try:
            return tick_of(self._app, entry, at)
        except OperationalError:
            raise
        except Exception as error:
            what = mask_url(" ".join(f"{type(error).__name__}: {error}".split()))
            raise Held(
                f"entry {entry.name!r} ({entry.task}) cannot be sent and is kept: {what}"
            ) from error

    def _deal(self, entry: Entry, tick: Tick) -> TickFate:
        fate = self._timetable.tick(self._token, tick)
        if fate == "fenced":
            raise NotLeading
        assert tick.at is not None
        self._last[entry.name] = from_milliseconds(tick.at)
        return fate


def _has_put_back(entry: Entry, last: datetime, now: datetime) -> bool:
    """Whether an entry whose ticks count from the last one would stand still until the clock is there again."""
    return not entry.schedule.absolute and last > now + timedelta(milliseconds=AHEAD)


def _unknown(entry: Entry) -> str:
    if entry.origin == "application":
        return (
            f"entry {entry.name!r} calls the task {entry.task!r}, which this app does not have: "
            "it is kept until it does"
        )
    return (
        f"entry {entry.name!r} calls the task {entry.task!r}, which this app does not have: "
        "it is sent all the same, for workers that may"
    )


def _tell_missed(entry: Entry, last: datetime, missed: datetime, made_up: list[datetime]) -> None:
    logger.warning(
        "entry %r missed its ticks from after %s to %s: %s",
        entry.name,
        last.isoformat(timespec="seconds"),
        missed.isoformat(timespec="seconds"),
        f"{len(made_up)} made up for" if made_up else "none is made up for",
    )
