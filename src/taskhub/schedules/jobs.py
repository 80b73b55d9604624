"""Periodic jobs of an app, listed and changed while schedulers run (`app.schedule`)."""

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
from taskhub.engine.port.audit_log import AuditEntry
from taskhub.engine.port.schedule_store import Fire, FireHistory, ScheduleStore
from taskhub.schedules.call_check import check_call
from taskhub.schedules.entry import Entry, EntryError, check_fields
from taskhub.schedules.entry_merge import Merged, Stored, merge, overlay
from taskhub.schedules.fire_messages import fire_of
from taskhub.schedules.schedule_format import read_schedule, write_schedule
from taskhub.schedules.status import EntryStatus, status_of
from taskhub.serialization.json import dumps, loads

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.result import AsyncResult

#: How often a change is tried again that meets another one of the same entry.
_TRIES = 10
#: Entries of the audit log per read.
_AUDIT_PAGE = 500
#: Fields that make an entry's call.
_CALL = {"task", "args", "kwargs", "options"}
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

    Changes are kept in the store and reach the scheduler at once. A changed field takes precedence
    over the configuration until `reset`.

    Every method raises `OperationalError` when the store is out of reach.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        #: The application's entries: name -> fields, as in `beat_schedule`. The setting
        #: `application_schedule` changes single fields.
        self.application: Mapping[str, Any] = {}

    @property
    def schedule_store(self) -> ScheduleStore:
        """The schedule store of the app, by the app's name."""
        return self._app.engine.schedule_store(self._app.main or "")

    # -- inspection

    def merged(self) -> Merged:
        """Return all entries, and the problems of invalid ones."""
        return self.merged_with(self.schedule_store.entries().documents)

    def merged_with(self, stored: Mapping[str, bytes]) -> Merged:
        """Return all entries, given those of the store."""
        conf = self._app.conf
        # Another app does not bring what the setting changes.
        changes = conf.application_schedule if self.application else {}
        application = overlay(self.application, changes)
        return merge(application, conf.beat_schedule or {}, stored, self._app)

    def entries(self) -> dict[str, Entry]:
        """Return the valid entries by name."""
        return self.merged().entries

    def get(self, name: str) -> Entry:
        """Return one entry.

        Raises:
            EntryError: There is none of this name, or it cannot be as it is.
        """
        return self._find(self.merged(), name)

    def status(self, name: str | None = None) -> list[EntryStatus]:
        """Return the status of each entry, or of one: next and last run, and its outcome.

        Raises:
            EntryError: There is no entry `name`.
        """
        merged = self.merged()
        found = list(merged.entries.values()) if name is None else [self._find(merged, name)]
        runs = self.schedule_store.last_runs()
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
        """Return the next runs of all entries, in the order of time, in the app's time zone.

        Args:
            hours: The length of the calendar.
            begin: An instant with a zone; None: now.
        """
        begin = (begin or datetime.now(UTC)).astimezone(UTC)
        end = begin + timedelta(hours=hours)
        runs = self.schedule_store.last_runs()
        found: list[tuple[datetime, Entry]] = []
        for entry in self.entries().values():
            if not entry.enabled or not entry.schedule.has_known_fires:
                continue
            first = begin - timedelta(milliseconds=1)
            if not entry.schedule.absolute and entry.name not in runs:
                # It begins to fire time when a scheduler sees it.
                first = begin
            elif not entry.schedule.absolute:
                # Its fire times count from the last one.
                last = status_of(entry, runs[entry.name], None, begin).last_fire
                assert last is not None
                first = entry.schedule.last_fire(last, first) or last
            fires = entry.schedule.fires_between(first, end, MOST_IN_CALENDAR)
            found += [(fire, entry) for fire in fires if begin <= fire < end]
        found.sort(key=lambda pair: (pair[0], pair[1].name))
        zone = self._app.timezone
        return [(fire.astimezone(zone), entry) for fire, entry in found]

    def leader(self) -> tuple[str, float] | None:
        """Return the scheduler that leads and the seconds left of its lease; None: none leads."""
        found = self.schedule_store.leader()
        return None if found is None else (found[0], found[1] / 1000)

    def history(self, name: str | None = None, limit: int = 50) -> list[Change]:
        """Return the latest changes, of all entries or of one, the latest first.

        They are read from the store's audit log, which keeps the latest 10,000 actions.
        """
        found: list[Change] = []
        offset = 0
        while len(found) < limit and (
            page := self._app.engine.audit_log.entries(offset, _AUDIT_PAGE)
        ):
            changes = [self._change_of(entry) for entry in page]
            found += [one for one in changes if one is not None and name in (None, one.entry)]
            offset += len(page)
        return found[:limit]

    def _change_of(self, audit: AuditEntry) -> Change | None:
        """Return what an entry of the audit log says; None: it is about something else."""
        area, _, what = audit.action.partition(".")
        if area != "schedule" or not audit.details:
            return None
        details = loads(audit.details)
        if details.get("app") != self.schedule_store.name:
            return None
        return Change(audit.target, what, audit.who, details["at"], details["fields"])

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

        Args:
            name: The entry's name.
            task: A task, its name, or a signature (whose arguments and options are taken over).
            schedule: Seconds, a timedelta, a crontab, solar or schedule, or the text of a crontab.
            by: The user in the audit log; None: that of this process.
            fields: args, kwargs, options, missed, missed_limit, overlap, enabled, as in
                `beat_schedule`.

        Raises:
            EntryError: There is one of this name, or it cannot be.
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

        Args:
            name: The entry's name.
            by: The user in the audit log; None: that of this process.
            fields: task, schedule, args, kwargs, options, missed, missed_limit, overlap, enabled.

        Raises:
            EntryError: There is no such entry, or it cannot be so.
        """
        self._change(name, "change", fields, by)
        return self.get(name)

    def pause(self, name: str, *, by: str | None = None) -> None:
        """Pause an entry: it does not fire until it is resumed."""
        self._change(name, "pause", {"enabled": False}, by)

    def resume(self, name: str, *, by: str | None = None) -> None:
        """Resume a paused entry with its next fire time; missed ones are not made up for."""
        self._change(name, "resume", {"enabled": True}, by)

    def remove(self, name: str, *, by: str | None = None) -> None:
        """Remove an entry, even one of the configuration: `reset` brings that back."""
        self._change(name, "remove", {}, by)

    def reset(self, name: str, *, by: str | None = None) -> None:
        """Reset an entry to the configuration: changes of run time are deleted."""
        self._change(name, "reset", {}, by)

    def run(self, name: str) -> AsyncResult[Any]:
        """Send an entry's call now, out of turn, even if it is paused; returns its result.

        Raises:
            EntryError: There is no such entry.
        """
        entry = replace(self.get(name), overlap="allow")
        fire: Fire = fire_of(self._app, entry, None)
        self.schedule_store.fire(0, fire)
        return self._app.AsyncResult(fire.task_id, task_name=entry.task)

    def _change(self, name: str, what: str, fields: Mapping[str, Any], by: str | None) -> None:
        schedule_store = self.schedule_store
        plain = self._plain(name, fields)
        by, at = by or who(), datetime.now(UTC)
        details = dumps({"app": schedule_store.name, "at": at, "fields": plain})
        audit = AuditEntry(by, f"schedule.{what}", name, 1, details)
        for _ in range(_TRIES):
            stored = schedule_store.entries().documents
            after = self._after(name, what, plain, stored, Stored(by=by, at=at))
            document = None if after is None else after.to_json()
            if after is not None and not after.removed:
                trial = self.merged_with({**stored, name: document or b""})
                if name in trial.problems:
                    raise EntryError(trial.problems[name])
                if what == "add" or (what == "change" and _CALL & plain.keys()):
                    check_call(self._app, trial.entries[name])
            fires = _fires(what, plain)
            if schedule_store.change(name, stored.get(name), document, audit, fires=fires):
                return
        raise EntryError(
            f"entry {name!r} was changed by others at the same time, again and again: try again"
        )

    def _after(
        self,
        name: str,
        what: str,
        fields: Mapping[str, Any],
        stored: Mapping[str, bytes],
        new: Stored,
    ) -> Stored | None:
        """Return the stored entry after a change; None: nothing is stored."""
        merged = self.merged_with(stored)
        configured = name in self.merged_with({}).entries or name in self.merged_with({}).problems
        if what == "add":
            if not name or "\n" in name:
                raise EntryError(
                    f"an entry cannot have the name {name!r}: it must be a non-empty text without "
                    "line breaks"
                )
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
            EntryError: One cannot be stored.
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


def _fires(what: str, fields: Mapping[str, Any]) -> FireHistory:
    """Return what becomes of an entry's fire history when it is changed."""
    if what in ("add", "remove"):
        return "forget"
    # Fire times while it was paused, or of a new schedule before now, are not made up for.
    return "restart" if what == "resume" or "schedule" in fields else "keep"


def who() -> str:
    """Return user and host of this process, for the audit log."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        # A container may run as a user that has no name.
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
