"""Leadership of a scheduler process, and the fires of a leader."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from taskhub.config.urls import mask_url
from taskhub.engine.port.notifier import Notifier
from taskhub.engine.port.schedule_store import AHEAD, Fire, FireResult, Leadership, ScheduleStore
from taskhub.exceptions import OperationalError
from taskhub.schedules.due_fires import due, next_fire
from taskhub.schedules.entry import Entry
from taskhub.schedules.entry_merge import Merged
from taskhub.schedules.fire_messages import fire_of
from taskhub.schedules.zones import from_milliseconds, to_milliseconds

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)


class NotLeading(Exception):
    """Another scheduler leads by now."""


class Held(Exception):
    """A fire time cannot be sent now and is kept until it can; the message says why."""


class Sent(NamedTuple):
    """A fire time and its result."""

    fire: datetime
    task_id: str
    fire_result: FireResult


class Leader:
    """One of several schedulers that may lead, and the fires of the one that does.

    Args:
        app: The app whose entries it fires.
        holder: A name that no other scheduler ever has.
        lease: How long it leads without renewal.
        grace: Up to this, a late fire time does not count as missed.
    """

    def __init__(self, app: Celery, holder: str, lease: timedelta, grace: timedelta) -> None:
        self._app = app
        self._holder = holder
        self._lease = lease // timedelta(milliseconds=1)
        self._grace = grace
        self._token = 0
        #: Entry -> its last fire time, sent or not.
        self._last: dict[str, datetime] = {}

    @property
    def _schedule_store(self) -> ScheduleStore:
        return self._app.schedule.schedule_store

    def notifier(self, *, leading: bool) -> Notifier:
        """Return the notifier of changed entries or, on standby, of the leader's resignation."""
        schedule_store = self._schedule_store
        return self._app.engine.notifier(
            [schedule_store.leader_topic if leading else schedule_store.standby_topic]
        )

    # -- leading

    def lead(self) -> Leadership:
        """Renew the leadership, or begin one if no scheduler leads; a token of 0: another leads.

        Raises:
            OperationalError: The store is out of reach.
        """
        found = self._schedule_store.lead(self._holder, self._token, self._lease)
        self._token = found.token
        return found

    def resign(self) -> None:
        """Resign, so that another scheduler leads at once."""
        if self._token:
            self._schedule_store.resign(self._token)
            self._token = 0

    def load(self) -> tuple[int, Merged]:
        """Return the entries and their version, and read their last runs; once for each token.

        Raises:
            OperationalError: The store is out of reach.
        """
        version, documents = self._schedule_store.entries()
        runs = self._schedule_store.last_runs()
        self._last = {name: from_milliseconds(run.fire) for name, run in runs.items()}
        return version, self._app.schedule.merged_with(documents)

    def unknown_tasks(self, entries: Mapping[str, Entry]) -> dict[str, str]:
        """Return one line for each entry whose task this app does not have."""
        lines = {}
        for name, entry in entries.items():
            if entry.task not in self._app.tasks:
                lines[name] = _unknown(entry)
        return lines

    # -- fire times

    def last(self, entry: Entry) -> datetime | None:
        """Return the last fire time of an entry, sent or not; None: it is new."""
        return self._last.get(entry.name)

    def next(self, entry: Entry) -> datetime | None:
        """Return the next fire time of an entry; None: it is new, or has none any more."""
        last = self._last.get(entry.name)
        return None if last is None else next_fire(entry.schedule, last)

    def fire(self, entry: Entry, now: datetime) -> list[Sent]:
        """Fire all due fire times of an entry; returns the results of those that were run.

        A new entry counts from now, and so does an interval when the clock was set back. A paused
        one does not fire.

        Raises:
            NotLeading: Another scheduler leads.
            Held: A fire time could not be sent; it and those after it are still due.
            OperationalError: The store is out of reach; the same holds.
        """
        now = entry.present(now)
        last = self._last.get(entry.name)
        if last is None or _clock_moved_back(entry, last, now):
            self._store_fire(entry, Fire(entry.name, to_milliseconds(now)))
            return []
        found = due(entry, last, now, self._grace)
        if found.last is None:
            return []
        if not entry.enabled:
            self._store_fire(entry, Fire(entry.name, to_milliseconds(found.last)))
            return []
        if found.run and entry.origin == "application" and entry.task not in self._app.tasks:
            raise Held(_unknown(entry))
        if found.missed is not None:
            _log_missed(
                entry, last, found.missed, [fire for fire in found.run if fire <= found.missed]
            )
        sent = []
        for fire in found.run:
            made = self._make(entry, fire)
            fire_result = self._store_fire(entry, made)
            if fire_result != "duplicate":
                sent.append(Sent(fire, made.task_id, fire_result))
        if not found.run or found.run[-1] < found.last:
            self._store_fire(entry, Fire(entry.name, to_milliseconds(found.last)))
        return sent

    def _make(self, entry: Entry, at: datetime) -> Fire:
        try:
            return fire_of(self._app, entry, at)
        except OperationalError:
            raise
        except Exception as error:
            what = mask_url(" ".join(f"{type(error).__name__}: {error}".split()))
            raise Held(
                f"entry {entry.name!r} ({entry.task}) cannot be sent and is kept: {what}"
            ) from error

    def _store_fire(self, entry: Entry, fire: Fire) -> FireResult:
        fire_result = self._schedule_store.fire(self._token, fire)
        if fire_result == "fenced":
            raise NotLeading
        assert fire.at is not None
        self._last[entry.name] = from_milliseconds(fire.at)
        return fire_result


def _clock_moved_back(entry: Entry, last: datetime, now: datetime) -> bool:
    """Whether an entry would not fire until the clock, which was set back, is there again."""
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


def _log_missed(entry: Entry, last: datetime, missed: datetime, made_up: list[datetime]) -> None:
    logger.warning(
        "entry %r missed its fire times from after %s to %s: %s",
        entry.name,
        last.isoformat(timespec="seconds"),
        missed.isoformat(timespec="seconds"),
        f"{len(made_up)} made up for" if made_up else "none is made up for",
    )
