"""`app.schedule`: the periodic jobs of an app, seen and changed while they run."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from taskhub.canvas.signature import Signature
from taskhub.engine.timetable import NOTES, Tick, Ticks, Timetable
from taskhub.schedules.entry import Entry, EntryError, check_fields
from taskhub.schedules.merging import Merged, Stored, merge, overlay
from taskhub.schedules.plain import read_schedule, write_schedule
from taskhub.schedules.sending import tick_of
from taskhub.schedules.status import EntryStatus, status_of
from taskhub.serialization.json import dumps, loads

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.result import AsyncResult

#: How often a change is tried again that meets another one of the same entry.
_TRIES = 10
#: How many runs of one entry a calendar shows.
MOST_IN_CALENDAR = 10_000


class Change(NamedTuple):
    """One change that was made at run time."""

    entry: str
    #: add, change, pause, resume, remove, reset.
    what: str
    by: str
    at: datetime
    #: The fields that were set, in their stored form.
    fields: Mapping[str, Any]


class PeriodicJobs:
    """The entries of an app: those of its configuration, and those of the store.

    Changes are kept in the store and reach the scheduler at once. What is changed here wins over the configuration,
    field by field, until `reset`.

    Every method raises `OperationalError` when the store is out of reach.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        #: What the application brings: name -> fields, as in `beat_schedule`. The setting `application_schedule`
        #: changes single fields.
        self.application: Mapping[str, Any] = {}

    @property
    def timetable(self) -> Timetable:
        """What the store keeps of them: they belong to an app, by its name."""
        return self._app.engine.timetable(self._app.main or "")

    # -- looking

    def merged(self) -> Merged:
        """Return all entries, and what is wrong with those that cannot be."""
        return self.merged_with(self.timetable.entries().documents)

    def merged_with(self, stored: Mapping[str, bytes]) -> Merged:
        """Return the same for stored entries that were read before."""
        conf = self._app.conf
        # Another app does not bring what the setting changes.
        changes = conf.application_schedule if self.application else {}
        application = overlay(self.application, changes)
        return merge(application, conf.beat_schedule or {}, stored, self._app)

    def entries(self) -> dict[str, Entry]:
        """Return the entries by name; those that cannot be are left out."""
        return self.merged().entries

    def get(self, name: str) -> Entry:
        """Return one entry.

        Raises:
          EntryError: there is none of this name, or it cannot be as it is.
        """
        return self._find(self.merged(), name)

    def status(self, name: str | None = None) -> list[EntryStatus]:
        """Return of each entry, or of one, when it runs next, when it ran last, and what became of that run.

        Raises:
          EntryError: there is no entry `name`.
        """
        merged = self.merged()
        found = list(merged.entries.values()) if name is None else [self._find(merged, name)]
        runs = self.timetable.last_runs()
        ids = {entry.name: runs[entry.name].task_id for entry in found if entry.name in runs}
        wanted = [task_id for task_id in ids.values() if task_id]
        texts = dict(zip(wanted, self._app.engine.documents(wanted), strict=True)) if wanted else {}
        now = datetime.now(UTC)
        return [
            status_of(entry, runs.get(entry.name), texts.get(ids.get(entry.name, "")), now)
            for entry in found
        ]

    def calendar(
        self, hours: float = 24, begin: datetime | None = None
    ) -> list[tuple[datetime, Entry]]:
        """Return when which entry runs, in the order of time, in the app's time zone.

        Parameters:
          begin: an instant with a zone; None: now.
        """
        begin = (begin or datetime.now(UTC)).astimezone(UTC)
        end = begin + timedelta(hours=hours)
        runs = self.timetable.last_runs()
        found: list[tuple[datetime, Entry]] = []
        for entry in self.entries().values():
            if not entry.enabled or not entry.schedule.foretells:
                continue
            first = begin - timedelta(milliseconds=1)
            if not entry.schedule.absolute and entry.name not in runs:
                # It begins to tick when a scheduler sees it.
                first = begin
            elif not entry.schedule.absolute:
                # Its ticks count from the last one.
                last = status_of(entry, runs[entry.name], None, begin).last_tick
                assert last is not None
                first = entry.schedule.last_tick(last, first) or last
            ticks = entry.schedule.ticks_between(first, end, MOST_IN_CALENDAR)
            found += [(tick, entry) for tick in ticks if begin <= tick < end]
        found.sort(key=lambda pair: (pair[0], pair[1].name))
        zone = self._app.timezone
        return [(tick.astimezone(zone), entry) for tick, entry in found]

    def history(self, name: str | None = None, limit: int = 50) -> list[Change]:
        """Return the latest changes, of all entries or of one, the latest first; about a thousand are kept."""
        found = []
        for note in self.timetable.notes(0, NOTES):
            change = Change(**loads(note))
            if name in (None, change.entry):
                found.append(change)
            if len(found) == limit:
                break
        return found

    # -- changing

    def add(
        self,
        name: str,
        task: Any,
        schedule: Any,
        *,
        by: str | None = None,
        **fields: Any,
    ) -> Entry:
        """Add an entry and return it.

        Parameters:
          task: a task, its name, or a signature (whose arguments and options are taken over).
          schedule: seconds, a timedelta, a crontab, solar or schedule, or the text of a crontab.
          by: who adds it; None: the user of this process.
          fields: args, kwargs, options, missed, missed_limit, overlap, enabled, as in `beat_schedule`.

        Raises:
          EntryError: there is one of this name, or it cannot be.
        """
        if isinstance(task, Signature):
            fields = {"args": task.args, "kwargs": task.kwargs, "options": task.options, **fields}
            task = task.task
        task = task if isinstance(task, str) else task.name
        given = {"task": task, "schedule": schedule, **fields}
        self._change(name, "add", given, by)
        return self.get(name)

    def change(self, name: str, *, by: str | None = None, **fields: Any) -> Entry:
        """Set fields of an entry, wherever it comes from, and return it.

        Parameters:
          fields: task, schedule, args, kwargs, options, missed, missed_limit, overlap, enabled.

        Raises:
          EntryError: there is no such entry, or it cannot be so.
        """
        self._change(name, "change", fields, by)
        return self.get(name)

    def pause(self, name: str, *, by: str | None = None) -> None:
        """Let an entry's ticks pass from now on."""
        self._change(name, "pause", {"enabled": False}, by)

    def resume(self, name: str, *, by: str | None = None) -> None:
        """Let a paused entry go on with its next tick; those that passed are not made up for."""
        self._change(name, "resume", {"enabled": True}, by)

    def remove(self, name: str, *, by: str | None = None) -> None:
        """Remove an entry, even one of the configuration: `reset` brings that back."""
        self._change(name, "remove", {}, by)

    def reset(self, name: str, *, by: str | None = None) -> None:
        """Drop what was changed at run time: the entry is as in the configuration again."""
        self._change(name, "reset", {}, by)

    def run(self, name: str) -> AsyncResult[Any]:
        """Send an entry's call now, out of turn, also of one that is paused; returns its result.

        Raises:
          EntryError: there is no such entry.
        """
        entry = replace(self.get(name), overlap="allow")
        tick: Tick = tick_of(self._app, entry, None)
        self.timetable.tick(0, tick)
        return self._app.AsyncResult(tick.task_id, task_name=entry.task)

    def _change(self, name: str, what: str, fields: Mapping[str, Any], by: str | None) -> None:
        timetable = self.timetable
        plain = self._plain(name, fields)
        by, at = by or who(), datetime.now(UTC)
        note = dumps({"entry": name, "what": what, "by": by, "at": at, "fields": plain}).encode()
        for _ in range(_TRIES):
            stored = timetable.entries().documents
            after = self._after(name, what, plain, stored, Stored(by=by, at=at))
            document = None if after is None else after.to_json()
            if after is not None and not after.removed:
                trial = self.merged_with({**stored, name: document or b""})
                if name in trial.problems:
                    raise EntryError(trial.problems[name])
            ticks = _ticks(what, plain)
            if timetable.change(name, stored.get(name), document, note, ticks=ticks):
                return
        raise EntryError(f"entry {name!r} is being changed by others all the time: try again")

    def _after(
        self,
        name: str,
        what: str,
        fields: Mapping[str, Any],
        stored: Mapping[str, bytes],
        new: Stored,
    ) -> Stored | None:
        """Return what is to be stored of an entry after a change; None: nothing."""
        merged = self.merged_with(stored)
        configured = name in self.merged_with({}).entries or name in self.merged_with({}).problems
        if what == "add":
            if name in merged.entries or name in merged.problems:
                raise EntryError(
                    f"there is an entry {name!r} already: change it, or take another name"
                )
            return replace(new, fields=fields)
        if what == "reset":
            if name not in stored:
                raise EntryError(f"nothing was changed about {name!r} at run time")
            if not configured:
                raise EntryError(
                    f"entry {name!r} is only in the store: remove it if you do not want it"
                )
            return None
        if name not in merged.problems:
            self._find(merged, name)
        if what == "remove":
            return replace(new, removed=True) if configured else None
        before = Stored.from_json(stored[name]).fields if name in stored else {}
        return replace(new, fields={**before, **fields})

    def _plain(self, name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return fields in the form in which they are stored.

        Raises:
          EntryError: one cannot be stored.
        """
        plain = check_fields(name, fields)
        try:
            if "schedule" in plain:
                relative = bool(plain.pop("relative", False))
                made = read_schedule(plain["schedule"], self._app, relative=relative)
                plain["schedule"] = write_schedule(made)
        except ValueError as error:
            raise EntryError(f"entry {name!r}: {error}") from error
        limit = plain.get("missed_limit")
        if isinstance(limit, timedelta):
            plain["missed_limit"] = limit.total_seconds()
        for part in ("args", "kwargs", "options"):
            if part in plain:
                plain[part] = loads(dumps(plain[part], name=f"{name}: {part}"))
        return plain

    def _find(self, merged: Merged, name: str) -> Entry:
        if name in merged.problems:
            raise EntryError(merged.problems[name])
        if name in merged.removed:
            raise EntryError(f"entry {name!r} was removed: reset brings it back")
        if name not in merged.entries:
            near = get_close_matches(name, merged.entries, 3)
            there: Sequence[str] = near or sorted(merged.entries)[:8]
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(there)}"
            raise EntryError(f"there is no entry {name!r}: {hint if there else 'there are none'}")
        return merged.entries[name]


def _ticks(what: str, fields: Mapping[str, Any]) -> Ticks:
    """Return what becomes of what is remembered of an entry's ticks when it is changed."""
    if what in ("add", "remove"):
        return "forget"
    # What passed while it was paused, or what a new schedule would have had before now, is not made up for.
    return "restart" if what == "resume" or "schedule" in fields else "keep"


def who() -> str:
    """Return who makes a change: user and host of this process."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a user that has no name.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
