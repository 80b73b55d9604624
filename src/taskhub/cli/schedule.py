"""`taskhub schedule`: the periodic jobs, seen and changed while they run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskhub.cli import exit_codes
from taskhub.cli.arguments import named, positional
from taskhub.cli.options import app_options, load_app
from taskhub.cli.output import note, say_json, table
from taskhub.cli.running import CommandError
from taskhub.wording import duration

if TYPE_CHECKING:
    from taskhub.schedules.entry import Entry
    from taskhub.schedules.jobs import Change
    from taskhub.schedules.status import EntryStatus

#: An entry with more runs than this takes one line in a calendar.
MOST_LINES = 24

F = TypeVar("F", bound=Callable[..., Any])


@click.group(epilog=exit_codes.EXPLAINED)
@app_options
def schedule() -> None:
    """See and change the periodic jobs; changes reach the scheduler at once and stay."""


def _as_json(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each.")(
        function
    )


# -- looking


@schedule.command("list", epilog=exit_codes.EXPLAINED)
@app_options
@_as_json
@click.pass_context
def list_entries(context: click.Context, as_json: bool) -> None:
    """Show the entries: when each runs next, when it ran last, and what became of that."""
    app = load_app(context)
    statuses = app.schedule.status()
    for problem in app.schedule.merged().problems.values():
        note(f"{click.style('error:', fg='red')} {problem}")
    if as_json:
        for status in statuses:
            say_json(describe(status))
        return
    zone = app.timezone
    rows = [
        (
            status.entry.name,
            _schedule_text(status.entry),
            _next(status, zone),
            _time(status.last_run, zone),
            _state(status),
            "" if status.duration is None else _took(status.duration.total_seconds()),
            status.entry.task,
        )
        for status in statuses
    ]
    columns = ("name", "schedule", "next run", "last run", "result", "took", "task")
    table(f"Periodic jobs, times in {zone}", columns, rows, "there are none")
    leader = app.schedule.timetable.leader()
    note(
        f"leader: {leader[0]}" if leader else "no scheduler leads: start one with taskhub scheduler"
    )


@schedule.command("show", epilog=exit_codes.EXPLAINED)
@app_options
@click.argument("name")
@_as_json
@click.pass_context
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Show one entry: all of its fields, its last run, and the latest changes."""
    app = load_app(context)
    (status,) = app.schedule.status(name)
    changes = app.schedule.history(name, 10)
    described = describe(status)
    if as_json:
        say_json({**described, "history": [_change(change) for change in changes]})
        return
    for field, value in described.items():
        click.echo(f"{field:<14} {value if isinstance(value, str) else say(value)}")
    rows = [
        (_time(change.at, app.timezone), change.what, change.by, say(dict(change.fields)))
        for change in changes
    ]
    table("Changes", ("when", "what", "who", "fields"), rows, "none was made at run time")


@schedule.command("calendar", epilog=exit_codes.EXPLAINED)
@app_options
@click.option(
    "--hours",
    type=click.FloatRange(min=0, max=24 * 366, min_open=True),
    default=24,
    show_default=True,
    help="How far to look ahead.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="N",
    help="Show N lines.",
)
@_as_json
@click.pass_context
def calendar(context: click.Context, hours: float, limit: int, as_json: bool) -> None:
    """Show what runs when, in the app's time zone.

    An entry with more than 24 runs takes one line in the table.
    """
    app = load_app(context)
    found = app.schedule.calendar(hours)
    rows = calendar_rows(found)
    left = len(found if as_json else rows) - limit
    if as_json:
        for at, entry in found[:limit]:
            say_json({"at": at.isoformat(), "entry": entry.name, "task": entry.task})
    else:
        title = f"The next {hours:g} hours, {app.timezone}"
        table(title, ("when", "name", ""), rows[:limit], "nothing runs")
    if left > 0:
        note(f"{left} more: --limit {left + limit} shows them")


def calendar_rows(found: list[tuple[datetime, Entry]]) -> list[tuple[str, str, str]]:
    """Return the lines of the table for runs in the order of time."""
    runs: dict[str, list[datetime]] = {}
    for at, entry in found:
        runs.setdefault(entry.name, []).append(at)
    rows = []
    for at, entry in found:
        all_of_it = runs[entry.name]
        if len(all_of_it) <= MOST_LINES:
            rows.append((_at(at), entry.name, ""))
        elif at is all_of_it[0]:
            rest = f"and {len(all_of_it) - 1} times more until {all_of_it[-1]:%a %H:%M:%S}"
            rows.append((_at(at), entry.name, rest))
    return rows


@schedule.command("history", epilog=exit_codes.EXPLAINED)
@app_options
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, metavar="N")
@_as_json
@click.pass_context
def history(context: click.Context, name: str | None, limit: int, as_json: bool) -> None:
    """Show who changed what at run time, the latest first."""
    app = load_app(context)
    changes = app.schedule.history(name, limit)
    if as_json:
        for change in changes:
            say_json(_change(change))
        return
    rows = [
        (
            _time(change.at, app.timezone),
            change.entry,
            change.what,
            change.by,
            say(dict(change.fields)),
        )
        for change in changes
    ]
    table("Changes", ("when", "name", "what", "who", "fields"), rows, "none was made at run time")


# -- changing


def _when(function: F) -> F:
    for decorate in (
        click.option("--solar", metavar="EVENT,LAT,LON", help="By the sun, e.g. sunset,48.1,11.6."),
        click.option("--every", type=float, metavar="SECONDS", help="At an interval."),
        click.option(
            "--relative", is_flag=True, help="With --every: at full minutes, hours or days."
        ),
        click.option(
            "--crontab",
            metavar="FIELDS",
            help="Minute, hour, day of month, month, day of week (0 is Sunday): '30 7 * * mon-fri'.",
        ),
    ):
        function = decorate(function)
    return function


def _how(function: F) -> F:
    for decorate in (
        click.option("--by", metavar="WHO", help="Who makes the change (default: the user)."),
        click.option(
            "--overlap",
            type=click.Choice(("allow", "skip", "queue")),
            help="While the run before waits or runs.",
        ),
        click.option(
            "--missed-limit",
            type=float,
            metavar="SECONDS",
            help="Ticks later than this are not run.",
        ),
        click.option(
            "--missed",
            type=click.Choice(("once", "all", "skip")),
            help="What becomes of ticks that were missed.",
        ),
        click.option(
            "--options", metavar="JSON", help="Options of the call, e.g. '{\"expires\": 60}'."
        ),
        click.option("-Q", "--queue", metavar="NAME", help="The queue of the call."),
        click.option("--kwargs", metavar="JSON", help="Keyword arguments, an object in JSON."),
        click.option("--args", metavar="JSON", help="Arguments, a list in JSON."),
    ):
        function = decorate(function)
    return function


@schedule.command("add", epilog=exit_codes.EXPLAINED)
@app_options
@click.argument("name")
@click.argument("task")
@_when
@_how
@click.option("--paused", is_flag=True, help="Do not begin yet.")
@click.pass_context
def add(context: click.Context, /, name: str, task: str, paused: bool, **given: Any) -> None:
    """Add the entry NAME, which calls TASK."""
    app = load_app(context)
    fields = _fields(given, {})
    if "schedule" not in fields:
        raise CommandError("when is it to run? Add --crontab, --every or --solar", exit_codes.USAGE)
    if paused:
        fields["enabled"] = False
    made = app.schedule.add(name, task, fields.pop("schedule"), by=given["by"], **fields)
    _say_done(f"{name} is added", app, made)


@schedule.command("change", epilog=exit_codes.EXPLAINED)
@app_options
@click.argument("name")
@click.option("--task", metavar="NAME", help="The task to call.")
@_when
@_how
@click.pass_context
def change(context: click.Context, /, name: str, task: str | None, **given: Any) -> None:
    """Change fields of the entry NAME, wherever it comes from."""
    app = load_app(context)
    fields = _fields(given, app.schedule.get(name).options if given["queue"] else {})
    if task is not None:
        fields["task"] = task
    if not fields:
        raise CommandError("nothing to change: see --help for what can be", exit_codes.USAGE)
    made = app.schedule.change(name, by=given["by"], **fields)
    _say_done(f"{name} is changed", app, made)


def _simple(verb: str, about: str, done: str) -> None:
    """Add a command that takes nothing but a name."""

    @schedule.command(verb, help=about, epilog=exit_codes.EXPLAINED)
    @app_options
    @click.argument("name")
    @click.option("--by", metavar="WHO", help="Who makes the change (default: the user).")
    @click.pass_context
    def command(context: click.Context, name: str, by: str | None) -> None:
        getattr(load_app(context).schedule, verb)(name, by=by)
        click.echo(f"{name} {done}")


_simple("pause", "Let the ticks of the entry NAME pass from now on.", "is paused")
_simple("resume", "Let the entry NAME go on with its next tick.", "goes on")
_simple("remove", "Remove the entry NAME, even one of the configuration.", "is removed")
_simple("reset", "Drop what was changed at run time about NAME.", "is as in the configuration")


@schedule.command("run", epilog=exit_codes.EXPLAINED)
@app_options
@click.argument("name")
@click.pass_context
def run(context: click.Context, name: str) -> None:
    """Send the call of the entry NAME now, out of turn, and print its id."""
    click.echo(load_app(context).schedule.run(name).id)


def _fields(given: dict[str, Any], present_options: Any) -> dict[str, Any]:
    """Return the fields of an entry that options name."""
    fields: dict[str, Any] = {}
    chosen = [name for name in ("crontab", "every", "solar") if given[name] is not None]
    if len(chosen) > 1:
        raise CommandError(f"choose one of --{' and --'.join(chosen)}", exit_codes.USAGE)
    if given["every"] is not None:
        fields["schedule"] = {"every": given["every"], "relative": given["relative"]}
    elif given["crontab"] is not None:
        fields["schedule"] = given["crontab"]
    elif given["solar"] is not None:
        fields["schedule"] = {"solar": [part.strip() for part in given["solar"].split(",")]}
    if given["args"] is not None:
        fields["args"] = positional(given["args"])
    if given["kwargs"] is not None:
        fields["kwargs"] = named(given["kwargs"])
    if given["options"] is not None:
        fields["options"] = named(given["options"], "--options")
    if given["queue"] is not None:
        fields["options"] = {
            **present_options,
            **fields.get("options", {}),
            "queue": given["queue"],
        }
    for name in ("missed", "missed_limit", "overlap"):
        if given[name] is not None:
            fields[name] = given[name]
    return fields


# -- showing


def describe(status: EntryStatus) -> dict[str, Any]:
    """Return an entry as JSON can show it."""
    entry = status.entry
    return {
        "name": entry.name,
        "task": entry.task,
        "schedule": _schedule_text(entry),
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
        "changed_at": _iso(entry.changed_at),
        "next_run": _iso(status.next_run),
        "last_tick": _iso(status.last_tick),
        "last_run": _iso(status.last_run),
        "task_id": status.task_id,
        "state": status.state,
        "seconds": None if status.duration is None else status.duration.total_seconds(),
        "sent": status.sent,
        "skipped": status.skipped,
        "behind": status.behind,
    }


def say(value: Any) -> str:
    """Return a value as JSON."""
    from taskhub.cli.output import as_json

    return as_json(value)


def _say_done(what: str, app: Any, entry: Entry) -> None:
    (status,) = app.schedule.status(entry.name)
    click.echo(f"{what}: {_schedule_text(entry)}, next run {_next(status, app.timezone)}")
    if entry.task not in app.tasks:
        note(
            f"{click.style('warning:', fg='yellow')} this app has no task {entry.task!r}: "
            "it is sent all the same, for workers that may"
        )


def _change(change: Change) -> dict[str, Any]:
    return {**change._asdict(), "at": change.at.isoformat()}


def _schedule_text(entry: Entry) -> str:
    from taskhub.schedules.plain import describe_schedule

    return describe_schedule(entry.schedule)


def _next(status: EntryStatus, zone: tzinfo) -> str:
    if not status.entry.enabled:
        return "paused"
    return _time(status.next_run, zone) or "never"


def _state(status: EntryStatus) -> str:
    extras = [f"{status.behind} behind"] if status.behind else []
    extras += [f"{status.skipped} skipped"] if status.skipped else []
    return " ".join((status.state, f"({', '.join(extras)})" if extras else "")).strip()


def _took(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < 60 else duration(seconds)


def _time(at: datetime | None, zone: tzinfo) -> str:
    return "" if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _at(at: datetime) -> str:
    # With the zone: an hour may come twice.
    return f"{at:%a %Y-%m-%d %H:%M:%S %Z}"


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
