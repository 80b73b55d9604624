"""The page of periodic jobs: what runs when, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from taskhub import states
from taskhub.schedules.base import BaseSchedule
from taskhub.schedules.crontabs import crontab
from taskhub.schedules.interval import schedule
from taskhub.schedules.schedule_format import read_schedule
from taskhub.schedules.solar_events import solar
from taskhub.web.problem import Problem
from taskhub.web.queries.arguments import task_parameters
from taskhub.web.queries.schedule_words import crontab_fields, schedule_words
from taskhub.web.queries.store_view import StoreView
from taskhub.web.queries.times import iso, iso_now, seconds

if TYPE_CHECKING:
    from taskhub.engine.port.schedule_store import PeriodicRun
    from taskhub.schedules.status import EntryStatus

__all__ = ("get_entry", "get_schedule", "preview_schedule", "read_form")

#: A run that is due is late after so many seconds.
LATE: Final = 5.0
_UPCOMING: Final = 3
_OUTCOMES: Final = {
    states.SUCCESS: "succeeded",
    states.FAILURE: "failed",
    states.REVOKED: "revoked",
    states.RETRY: "retrying",
    states.STARTED: "running",
    states.PENDING: "waiting",
    states.RECEIVED: "waiting",
    "ENDED": "ended",
}
#: Outcomes of fire times at which nothing was sent yet, or at all.
_RESULTS: Final = {"queued": "waiting", "skipped": "skipped"}
_OVERLAPS: Final = {"allow": "run", "skip": "skip", "queue": "queue"}


def get_schedule(store: StoreView, *, hidden: bool = False) -> dict[str, Any]:
    """Return all periodic jobs."""
    leader = store.leader()
    return {
        "at": iso_now(),
        "timezone": str(store.app.timezone),
        "leader": None if leader is None else {"name": leader[0], "since": None},
        "items": [describe_entry(store, status, hidden=hidden) for status in store.schedule()],
    }


def get_entry(store: StoreView, name: str, *, hidden: bool = False) -> dict[str, Any]:
    """Return one periodic job.

    Raises:
        Problem: There is none of this name.
    """
    for status in store.schedule():
        if status.entry.name == name:
            return describe_entry(store, status, hidden=hidden)
    raise Problem("not_found", f"there is no entry {name!r} in the schedule")


def describe_entry(store: StoreView, status: EntryStatus, *, hidden: bool) -> dict[str, Any]:
    """Return a periodic job as the API writes it."""
    entry = status.entry
    names = task_parameters(store.app, entry.task)
    next_at = None if status.next_run is None else status.next_run.timestamp()
    late = None if next_at is None else time.time() - next_at
    runs = [_describe_run(run, status) for run in store.runs().get(entry.name, ())]
    last = next((run for run in runs if run["outcome"] != "skipped"), None)
    limit = entry.missed_limit
    return {
        "name": entry.name,
        "task": entry.task,
        "arguments": None if hidden else store.excerpts.of_call(entry.args, entry.kwargs, names),
        "args": None if hidden else _json_values(entry.args),
        "kwargs": None if hidden else _json_values(dict(entry.kwargs)),
        "schedule": _form(entry.schedule),
        "words": schedule_words(entry.schedule),
        "enabled": entry.enabled,
        "paused": None if entry.enabled else {
            "since": iso(entry.changed_at), "by": entry.changed_by or None,
        },
        "source": entry.origin,
        "editable": _form(entry.schedule)["kind"] != "rrule",
        "queue": entry.options.get("queue"),
        "priority": entry.options.get("priority"),
        "if_running": _OVERLAPS[entry.overlap],
        "if_missed": entry.missed,
        "at_most_late": None if limit is None else limit.total_seconds(),
        "added_at": iso(entry.changed_at) if entry.origin == "store" else None,
        "added_by": (entry.changed_by or None) if entry.origin == "store" else None,
        "next_at": iso(next_at),
        "next_runs": _next_runs(entry.schedule, next_at),
        "late": seconds(late) if late is not None and late > LATE else None,
        "last": last,
        "runs": runs[::-1],
        "sent": status.sent,
        "skipped": status.skipped,
        "behind": status.queued_behind,
    }  # fmt: skip


def _describe_run(run: PeriodicRun, status: EntryStatus) -> dict[str, Any]:
    """Return a run as the API writes it."""
    outcome = run.outcome
    name = _RESULTS.get(run.result, "ended")
    late = None if run.fire is None else (run.at - run.fire) / 1000
    took = None
    if outcome is not None:
        name = _OUTCOMES.get(outcome.state, "ended")
        began = outcome.started_at
        took = outcome.took if began is None else (began - run.at) / 1000 + outcome.took
    elif run.result == "sent":
        is_last = run.task_id == status.task_id
        name = _OUTCOMES.get(status.state, "ended") if is_last else "ended"
        if is_last and status.duration is not None:
            took = status.duration.total_seconds()
        elif is_last and name in ("running", "waiting"):
            took = time.time() - run.at / 1000
    sent = run.result == "sent"
    return {
        "due_at": iso(None if run.fire is None else run.fire / 1000),
        "sent_at": iso(run.at / 1000) if sent else None,
        "late": seconds(late) if sent and late is not None else None,
        "outcome": name,
        "took": seconds(took),
        "error": outcome.error or None if outcome is not None else None,
        "task_id": run.task_id or None if sent else None,
        "try": None,
        "max_tries": None,
        "reason": "the run before it had not ended" if name == "skipped" else None,
    }


def _next_runs(made: BaseSchedule, first: float | None, count: int = _UPCOMING) -> list[str]:
    """Return when it runs next, as far as that can be foretold."""
    if first is None or not made.has_known_fires:
        return [] if first is None else [str(iso(first))]
    from taskhub.schedules.due_fires import next_fire

    found = [datetime.fromtimestamp(first, UTC)]
    while len(found) < count:
        following = next_fire(made, found[-1])
        if following is None:
            break
        found.append(following)
    return [str(iso(at)) for at in found]


# -- forms


def _form(made: BaseSchedule) -> dict[str, Any]:
    """Return a schedule as a form holds it."""
    zone = str(made.tz) if isinstance(made, crontab) else None
    if isinstance(made, crontab):
        return {"kind": "crontab", "expression": " ".join(crontab_fields(made)), "timezone": zone}
    if isinstance(made, schedule):
        return {"kind": "every", "seconds": made.run_every.total_seconds(), "timezone": None}
    if isinstance(made, solar):
        return {
            "kind": "solar", "event": made.event, "latitude": made.lat, "longitude": made.lon,
            "timezone": None,
        }  # fmt: skip
    return {"kind": "rrule", "expression": repr(made)[:500], "timezone": None}


def read_form(store: StoreView, form: Mapping[str, Any]) -> BaseSchedule:
    """Return the schedule that a form stands for.

    Raises:
        Problem: It stands for none.
    """
    kind = form["kind"]
    needed = {
        "crontab": ("expression",),
        "every": ("seconds",),
        "solar": ("event", "latitude", "longitude"),
    }
    if kind not in needed:
        raise Problem(
            "invalid",
            f"schedule: {kind} is not offered by this version: take crontab, every or solar",
        )
    missing = [name for name in needed[kind] if form.get(name) is None]
    if missing:
        raise Problem("invalid", f"schedule: {kind} needs {' and '.join(missing)}")
    if form.get("timezone") not in (None, "", str(store.app.timezone)):
        raise Problem(
            "invalid", f"schedule: times are in the app's time zone, {store.app.timezone}"
        )
    value: dict[str, Any] = {"crontab": form.get("expression")}
    if kind == "every":
        value = {"every": form["seconds"]}
    elif kind == "solar":
        value = {"solar": [form["event"], form["latitude"], form["longitude"]]}
    try:
        return read_schedule(value, store.app)
    except Exception as error:
        raise Problem("invalid", f"schedule: {error}") from error


def preview_schedule(store: StoreView, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form means: in words, and the next five runs.

    Raises:
        Problem: It means nothing.
    """
    from taskhub.schedules.due_fires import next_fire

    made = read_form(store, form)
    first = next_fire(made, datetime.now(UTC))
    runs = [] if first is None else _next_runs(made, first.timestamp(), 5)
    return {"words": schedule_words(made), "next_runs": runs}


def _json_values(value: Any) -> Any:
    """Return a value as JSON has it; what it lacks becomes text."""
    if isinstance(value, Mapping):
        return {str(name): _json_values(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_json_values(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
