"""`taskhub call`."""

from __future__ import annotations

import warnings
from datetime import datetime
from typing import Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.arguments import check_fit, named, positional, refuse_unreadable, unknown_task
from taskhub.cli.command_runner import CommandError
from taskhub.cli.option_types import Moment, Seconds
from taskhub.cli.options import app_command, load_app
from taskhub.cli.output import note, say_json
from taskhub.cli.program import CELERY, called_as
from taskhub.command_hint import command_hint
from taskhub.names import check_name


@app_command()
@click.argument("name")
@click.option("-a", "--args", metavar="JSON", help="Positional arguments: a list.")
@click.option("-k", "--kwargs", metavar="JSON", help="Named arguments: an object.")
@click.option("-q", "--queue", metavar="NAME", help="Another queue than the task's.")
@click.option("--exchange", metavar="NAME", help="Stands for a queue of its name, as in Celery.")
@click.option("--routing-key", metavar="NAME", help="The same.")
@click.option("--serializer", metavar="NAME", help="How arguments are written (default: json).")
@click.option("--countdown", type=Seconds(), metavar="SECONDS", help="Run it so long from now.")
@click.option(
    "--eta", type=Moment(), help="Run it at this time (ISO 8601), or so many seconds from now."
)
@click.option(
    "--expires", type=Moment(), help="Do not run it after this time, or so many seconds from now."
)
@click.option("--priority", type=click.IntRange(0, 9), metavar="0-9", help="9 goes first.")
@click.option("--task-id", metavar="ID", help="The id of the call (default: a new UUID).")
@click.option("-w", "--wait", is_flag=True, help="Wait for the result and print it.")
@click.option(
    "--timeout",
    type=Seconds(0),
    metavar="SECONDS",
    help="With --wait: no longer than this.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.option(
    "--unregistered", "--force", is_flag=True, help="Send it even if the app has no such task."
)
def call(  # noqa: C901 - a branch for each option
    context: click.Context,
    /,
    name: str,
    args: str | None,
    kwargs: str | None,
    wait: bool,
    timeout: float | None,
    as_json: bool,
    unregistered: bool,
    **given: Any,
) -> int:
    """Send a call of the task NAME.

    Prints the id of the call; with --wait, its result. Ends with 1 if the task fails.
    """
    refuse_unreadable(name, args, kwargs, given["queue"], given["task_id"])
    values, named_values = positional(args), named(kwargs)
    options = {option: value for option, value in given.items() if value is not None}
    eta = options.get("eta")
    if eta is not None and not isinstance(eta, datetime):
        options["countdown"] = options.pop("eta")
    if timeout is not None and not wait:
        raise CommandError("--timeout goes with --wait", exit_codes.USAGE)
    app = load_app(context)
    task = app.tasks.get(name)
    if task is None and not unregistered:
        unknown = unknown_task(name, list(app.tasks))
        if called_as(context) != CELERY:
            raise unknown
        warnings.warn(f"sent as it is: {unknown}", stacklevel=1)
    if task is not None:
        check_fit(task, values, named_values)
    try:
        check_name("the name of the task", name)
        if "queue" in options:
            check_name("the queue name", options["queue"])
        if "task_id" in options:
            check_name("the task id", options["task_id"])
        if task is not None:
            result = task.apply_async(values, named_values, **options)
        else:
            result = app.send_task(name, values, named_values, **options)
    except (OverflowError, TypeError, ValueError) as error:
        raise CommandError(f"{name}: {error}", exit_codes.USAGE) from error
    if not wait:
        if as_json:
            say_json({"task_id": result.id, "state": "PENDING"})
        else:
            click.echo(result.id)
            note(f"sent; see {command_hint('result', result.id, '--follow')}")
        return exit_codes.OK
    from taskhub.cli.result_wait import Wonder, show, wait_for

    if not as_json:
        # A user who stops waiting can go on with it.
        note(f"task {result.id} is sent")
    queue = options.get("queue") or (task.bound.queue_name if task is not None else None)
    wait_for(result, timeout, Wonder(app, queue))
    return show(result, json=as_json)
