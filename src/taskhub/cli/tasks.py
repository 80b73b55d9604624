"""`taskhub tasks` and `taskhub failed`: find tasks by the dashboard's filters, and show them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import click

from taskhub.cli import exit_codes, task_actions
from taskhub.cli.arguments import refuse_unreadable
from taskhub.cli.options import app_command, app_options
from taskhub.cli.output import note, on_one_line, say_json, table
from taskhub.cli.store_view import instant_text, open_store_view, problems_as_errors
from taskhub.humanize import short_duration

F = TypeVar("F", bound=Callable[..., Any])

STATES: Final = (
    "all",
    "waiting",
    "delayed",
    "running",
    "retrying",
    "failed",
    "succeeded",
    "revoked",
)
SORTS: Final = ("ended", "waited", "ran", "sent", "task")


@click.group(epilog=exit_codes.EXPLAINED)
@app_options
def tasks() -> None:
    """Find tasks by a filter, and act on them.

    A filter is written as on the dashboard: task:shop.* queue:mail state:failed error:Timeout
    args.user:17 stamp:tenant=acme worker:mail@* since:2h; -queue:x excludes.
    """


@click.group(epilog=exit_codes.EXPLAINED)
@app_options
def failed() -> None:
    """The same for failed tasks: list, retry, delete."""


for _command in (
    task_actions.retry,
    task_actions.revoke,
    task_actions.terminate,
    task_actions.delete,
):
    tasks.add_command(_command)
failed.add_command(task_actions.retry_failed)
failed.add_command(task_actions.delete_failed)


def _filter_argument(function: F) -> F:
    return click.argument("conditions", metavar="[FILTER]...", nargs=-1)(function)


def _list_options(function: F) -> F:
    for decorate in (
        click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each."),
        click.option("--asc", is_flag=True, help="The smallest first."),
        click.option(
            "--sort", type=click.Choice(SORTS), default="ended", show_default=True, help="Order."
        ),
        click.option("--cursor", metavar="TEXT", help="Go on where another page has ended."),
        click.option(
            "--limit",
            type=click.IntRange(1, 500),
            default=50,
            show_default=True,
            metavar="N",
            help="Show N.",
        ),
    ):
        function = decorate(function)
    return function


@app_command("list", parent=tasks)
@_filter_argument
@click.option("--state", type=click.Choice(STATES), default="all", help="Only those.")
@_list_options
def list_all(
    context: click.Context, /, conditions: Sequence[str], state: str, **options: Any
) -> None:
    """Show the tasks that match, those that are under way first, then the newest that ended."""
    _list(context, conditions, state, options)


@app_command("list", parent=failed)
@_filter_argument
@_list_options
def list_failed(context: click.Context, /, conditions: Sequence[str], **options: Any) -> None:
    """Show the failed tasks that match, the newest first."""
    _list(context, conditions, "failed", options)


@app_command(parent=failed)
@_filter_argument
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each.")
def groups(context: click.Context, /, conditions: Sequence[str], as_json: bool) -> None:
    """Show failures by task and error, the most frequent first."""
    from taskhub.web.queries.tasks import group_tasks, read_filter

    store = open_store_view(context)
    with problems_as_errors():
        wanted = read_filter(store, " ".join(conditions).strip(), hidden=False)
    found = group_tasks(store, wanted, rows=0, limit=500)
    if as_json:
        for group in found["items"]:
            say_json(group)
        return
    rows = [
        (
            group["count"],
            group["task"],
            group["error"],
            on_one_line(group["message"] or ""),
            instant_text(store, group["first_at"]),
            instant_text(store, group["last_at"]),
        )
        for group in found["items"]
    ]
    columns = ("count", "task", "error", "message", "first", "last")
    table("Failures", columns, rows, "none", cut=("message",))


@app_command(parent=tasks)
@click.argument("task_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def show(context: click.Context, task_id: str, as_json: bool) -> None:
    """Show one task: its state, arguments, error, and why it waits; 8 characters of its id do."""
    from taskhub.web.queries.task_detail import get_task

    refuse_unreadable(task_id)
    store = open_store_view(context)
    with problems_as_errors():
        found = get_task(store, task_id)
    if as_json:
        say_json(found)
        return
    row = found["row"]
    tries = f"{row['tries']} of {row['max_tries']}" if row["max_tries"] else row["tries"] or None
    facts = {
        "id": row["id"],
        "task": row["task"],
        "state": row["state"],
        "arguments": row["arguments"],
        "queue": row["queue"],
        "priority": row["priority"],
        "tries": tries,
        "waited": _length(row["waited"]),
        "ran": _length(row["ran"]),
        "sent": instant_text(store, row["sent_at"]),
        "due": instant_text(store, row["due_at"]),
        "ended": instant_text(store, row["ended_at"]),
        "worker": row["worker"],
        "result": found["result"]["text"],
    }
    for name, value in facts.items():
        if value not in (None, ""):
            click.echo(f"{name:<10} {value}")
    if found["error"]:
        click.echo(f"{'error':<10} {found['error']['kind']}: {found['error']['message']}")
    if found["wait"]:
        click.echo(f"\n{found['wait']['verdict']['text']}")
        marks = {"passed": "ok", "decides": "!!", "also": "! ", "none": "- "}
        for check in found["wait"]["checks"]:
            click.echo(f"  {marks[check['result']]}  {check['id']:<12} {check['text']}")
    if found["error"] and found["error"]["traceback"]:
        click.echo(f"\n{found['error']['traceback'].rstrip()}")


def _list(
    context: click.Context, conditions: Sequence[str], state: str, options: dict[str, Any]
) -> None:
    from taskhub.web.queries.tasks import list_tasks, read_filter

    store = open_store_view(context)
    with problems_as_errors():
        page = list_tasks(
            store,
            read_filter(store, " ".join(conditions).strip(), hidden=False),
            state=state,
            sort=options["sort"],
            order="asc" if options["asc"] else "desc",
            limit=options["limit"],
            cursor=options["cursor"],
        )
    if options["as_json"]:
        for row in page["items"]:
            say_json(row)
        return
    rows = [
        (
            row["state"],
            row["task"],
            row["id"],
            on_one_line(row["arguments"] or ""),
            row["queue"] or "-",
            row["tries"],
            _length(row["waited"]) or "-",
            _length(row["ran"]) or "-",
            instant_text(store, row["ended_at"] or row["due_at"]) or "-",
            row["worker"] or "-",
            row["reason"] or "-",
        )
        for row in page["items"]
    ]
    columns = (
        "state", "task", "id", "arguments", "queue", "tries", "waited", "ran", "ended, due",
        "worker", "reason",
    )  # fmt: skip
    hint = page["hint"]
    empty = f"none; {hint['count']} without {hint['without']}" if hint else "none"
    table("Tasks", columns, rows, empty, cut=("arguments", "reason", "worker"))
    if page["at_least"]:
        note("not all tasks were read in time to be sorted, there may be more")
    if page["next"]:
        note(f"{len(rows)} of {page['total']}: --cursor {page['next']} shows the next")


def _length(seconds: float | None) -> str:
    return "" if seconds is None else short_duration(seconds)
