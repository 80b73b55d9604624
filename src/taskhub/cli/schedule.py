"""`taskhub schedule`: the periodic jobs, seen and changed while they run."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskhub.cli import exit_codes
from taskhub.cli.arguments import named, near_tasks, positional, refuse_unreadable
from taskhub.cli.command_runner import CommandError
from taskhub.cli.option_types import Seconds
from taskhub.cli.options import app_command, app_options, load_app
from taskhub.cli.output import note, say_json, table
from taskhub.cli.schedule_text import (
    calendar_rows,
    describe,
    describe_change,
    next_run_text,
    say,
    schedule_text,
    state_text,
    time_text,
    took_text,
)
from taskhub.command_hint import command_hint

if TYPE_CHECKING:
    from taskhub.schedules.entry import Entry

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


@app_command("list", parent=schedule)
@_as_json
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
            schedule_text(status.entry),
            next_run_text(status, zone),
            time_text(status.last_run, zone),
            state_text(status),
            "" if status.duration is None else took_text(status.duration.total_seconds()),
            status.entry.task,
        )
        for status in statuses
    ]
    columns = ("name", "schedule", "next run", "last run", "result", "took", "task")
    table(f"Periodic jobs, times in {zone}", columns, rows, "there are none", cut=("result",))
    leader = app.schedule.schedule_store.leader()
    note(
        f"leader: {leader[0]}"
        if leader
        else f"no scheduler leads: start one with {command_hint('scheduler')}"
    )


@app_command("show", parent=schedule)
@click.argument("name")
@_as_json
def show(context: click.Context, name: str, as_json: bool) -> None:
    """Show one entry: all of its fields, its last run, and the latest changes."""
    app = load_app(context)
    (status,) = app.schedule.status(name)
    changes = app.schedule.history(name, 10)
    described = describe(status)
    if as_json:
        say_json({**described, "history": [describe_change(change) for change in changes]})
        return
    for field, value in described.items():
        click.echo(f"{field:<14} {value if isinstance(value, str) else say(value)}")
    rows = [
        (time_text(change.at, app.timezone), change.what, change.by, say(dict(change.fields)))
        for change in changes
    ]
    columns = ("when", "what", "who", "fields")
    table("Changes", columns, rows, "none was made at run time", cut=("fields",))


@app_command("calendar", parent=schedule)
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
def calendar(context: click.Context, hours: float, limit: int, as_json: bool) -> None:
    """Show what runs when, in the app's time zone.

    An entry with more than 24 runs takes one line in the table.
    """
    if not math.isfinite(hours):
        raise CommandError("--hours must be a number", exit_codes.USAGE)
    app = load_app(context)
    found = app.schedule.calendar(hours)
    rows = calendar_rows(found)
    left = len(found if as_json else rows) - limit
    if as_json:
        for at, entry in found[:limit]:
            say_json({"at": at.isoformat(), "entry": entry.name, "task": entry.task})
    else:
        title = f"The next {hours:g} hours, {app.timezone}"
        table(title, ("when", "name", "besides"), rows[:limit], "nothing runs")
    if left > 0:
        note(f"{left} more: --limit {left + limit} shows them")


@app_command("history", parent=schedule)
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, metavar="N")
@_as_json
def history(context: click.Context, name: str | None, limit: int, as_json: bool) -> None:
    """Show who changed what at run time, the latest first."""
    app = load_app(context)
    changes = app.schedule.history(name, limit)
    if as_json:
        for change in changes:
            say_json(describe_change(change))
        return
    rows = [
        (
            time_text(change.at, app.timezone),
            change.entry,
            change.what,
            change.by,
            say(dict(change.fields)),
        )
        for change in changes
    ]
    columns = ("when", "name", "what", "who", "fields")
    table("Changes", columns, rows, "none was made at run time", cut=("fields",))


# -- changing


def _when(function: F) -> F:
    for decorate in (
        click.option("--solar", metavar="EVENT,LAT,LON", help="By the sun, e.g. sunset,48.1,11.6."),
        click.option("--every", type=Seconds(), metavar="SECONDS", help="At an interval."),
        click.option(
            "--relative", is_flag=True, help="With --every: at full minutes, hours or days."
        ),
        click.option(
            "--crontab",
            metavar="FIELDS",
            help="Minute, hour, day of month, month, day of week (0 is Sunday): '30 7 * * "
            "mon-fri'.",
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
            type=Seconds(0),
            metavar="SECONDS",
            help="FireHistory later than this are not run.",
        ),
        click.option(
            "--missed",
            type=click.Choice(("once", "all", "skip")),
            help="What becomes of fire times that were missed.",
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


@app_command("add", parent=schedule)
@click.argument("name")
@click.argument("task")
@_when
@_how
@click.option("--paused", is_flag=True, help="Do not begin yet.")
def add(context: click.Context, /, name: str, task: str, paused: bool, **given: Any) -> None:
    """Add the entry NAME, which calls TASK."""
    refuse_unreadable(name, task, given["args"], given["kwargs"], given["options"], given["queue"])
    app = load_app(context)
    fields = _fields(given, {})
    if "schedule" not in fields:
        raise CommandError("when is it to run? Add --crontab, --every or --solar", exit_codes.USAGE)
    if paused:
        fields["enabled"] = False
    made = app.schedule.add(name, task, fields.pop("schedule"), by=given["by"], **fields)
    _say_done(f"{name} is added", app, made)


@app_command("change", parent=schedule)
@click.argument("name")
@click.option("--task", metavar="NAME", help="The task to call.")
@_when
@_how
def change(context: click.Context, /, name: str, task: str | None, **given: Any) -> None:
    """Change fields of the entry NAME, wherever it comes from."""
    refuse_unreadable(task, given["args"], given["kwargs"], given["options"], given["queue"])
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


_simple("pause", "Let the fire times of the entry NAME pass from now on.", "is paused")
_simple("resume", "Let the entry NAME go on with its next fire time.", "goes on")
_simple("remove", "Remove the entry NAME, even one of the configuration.", "is removed")
_simple("reset", "Drop what was changed at run time about NAME.", "is as in the configuration")


@app_command("run", parent=schedule)
@click.argument("name")
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


def _say_done(what: str, app: Any, entry: Entry) -> None:
    (status,) = app.schedule.status(entry.name)
    click.echo(f"{what}: {schedule_text(entry)}, next run {next_run_text(status, app.timezone)}")
    if entry.task not in app.tasks:
        found = near_tasks(entry.task, list(app.tasks))
        near = f" (did you mean {' or '.join(found)}?)" if found else ""
        note(
            f"{click.style('warning:', fg='yellow')} this app has no task {entry.task!r}{near}: "
            "it is sent all the same, for workers that may"
        )
