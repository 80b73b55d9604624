"""Periodic jobs in words: what `taskhub schedule` prints."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from taskhub.humanize import counted, duration

if TYPE_CHECKING:
    from taskhub.schedules.entry import Entry
    from taskhub.schedules.jobs import Change
    from taskhub.schedules.status import EntryStatus

#: An entry with more runs than this takes one line in a calendar.
MOST_LINES = 24


def calendar_rows(found: list[tuple[datetime, Entry]]) -> list[tuple[str, str, str]]:
    """Return the lines of the table for runs in the order of time."""
    runs: dict[str, list[datetime]] = {}
    for at, entry in found:
        runs.setdefault(entry.name, []).append(at)
    rows = []
    for at, entry in found:
        all_of_it = runs[entry.name]
        if len(all_of_it) <= MOST_LINES:
            rows.append((at_text(at), entry.name, ""))
        elif at is all_of_it[0]:
            rest = (
                f"and {counted(len(all_of_it) - 1, 'time')} more until {all_of_it[-1]:%a %H:%M:%S}"
            )
            rows.append((at_text(at), entry.name, rest))
    return rows


def describe(status: EntryStatus) -> dict[str, Any]:
    """Return an entry as JSON can show it."""
    entry = status.entry
    return {
        "name": entry.name,
        "task": entry.task,
        "schedule": schedule_text(entry),
        "args": list(entry.args),
        "kwargs": dict(entry.kwargs),
        "options": dict(entry.options),
        "missed": entry.missed,
        "missed_limit": None if entry.missed_limit is None else entry.missed_limit.total_seconds(),
        "overlap": entry.overlap,
        "enabled": entry.enabled,
        "origin": entry.origin,
        "changed": list(entry.changed),
        "changed_by": entry.changed_by,
        "changed_at": iso_text(entry.changed_at),
        "next_run": iso_text(status.next_run),
        "last_fire": iso_text(status.last_fire),
        "last_run": iso_text(status.last_run),
        "task_id": status.task_id,
        "state": status.state,
        "seconds": None if status.duration is None else status.duration.total_seconds(),
        "sent": status.sent,
        "skipped": status.skipped,
        "queued_behind": status.queued_behind,
    }


def say(value: Any) -> str:
    """Return a value as JSON."""
    from taskhub.cli.output import as_json

    return as_json(value)


def describe_change(change: Change) -> dict[str, Any]:
    """Return a change for JSON."""
    return {**change._asdict(), "at": change.at.isoformat()}


def schedule_text(entry: Entry) -> str:
    """Return the schedule of an entry in few words."""
    from taskhub.schedules.schedule_format import describe_schedule

    return describe_schedule(entry.schedule)


def next_run_text(status: EntryStatus, zone: tzinfo) -> str:
    """Return when an entry runs next."""
    if not status.entry.enabled:
        return "paused"
    return time_text(status.next_run, zone) or "never"


def state_text(status: EntryStatus) -> str:
    """Return what became of an entry's last run."""
    extras = [f"{status.queued_behind} queued behind"] if status.queued_behind else []
    extras += [f"{status.skipped} skipped"] if status.skipped else []
    return " ".join((status.state, f"({', '.join(extras)})" if extras else "")).strip()


def took_text(seconds: float) -> str:
    """Return how long a run took."""
    return f"{seconds:.2f} s" if seconds < 60 else duration(seconds)


def time_text(at: datetime | None, zone: tzinfo) -> str:
    """Return an instant in a zone; empty for none."""
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def at_text(at: datetime) -> str:
    """Return an instant with its zone."""
    # With the zone: an hour may come twice.
    return f"{at:%a %Y-%m-%d %H:%M:%S %Z}"


def iso_text(at: datetime | None) -> str | None:
    """Return an instant for JSON."""
    return None if at is None else at.isoformat()
