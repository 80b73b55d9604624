"""`taskhub result`."""

from __future__ import annotations

import click

from taskhub import states
from taskhub.cli import exit_codes
from taskhub.cli.arguments import refuse_unreadable
from taskhub.cli.command_runner import CommandError
from taskhub.cli.option_types import Seconds
from taskhub.cli.options import app_command, load_app
from taskhub.cli.output import note
from taskhub.cli.program import CELERY, called_as
from taskhub.names import check_name

#: What it means that the store has neither state nor result of a task.
_UNKNOWN = "it waits, or there is no such call, or its result has expired"


@app_command()
@click.argument("task_id", metavar="ID")
@click.option("-f", "--follow", is_flag=True, help="Wait until the task has ended.")
@click.option(
    "--timeout",
    type=Seconds(0),
    metavar="SECONDS",
    help="With --follow: no longer than this.",
)
@click.option("-t", "--task", hidden=True, expose_value=False)
@click.option("--traceback", is_flag=True, help="Show the traceback of a task that failed.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
def result(
    context: click.Context,
    task_id: str,
    follow: bool,
    timeout: float | None,
    traceback: bool,
    as_json: bool,
) -> int:
    """Show state and result of the call ID.

    Prints the value on stdout and the state on stderr. Ends with 1 if the task failed.
    """
    from taskhub.cli.result_wait import Wonder, show, wait_for

    if timeout is not None and not follow:
        raise CommandError("--timeout goes with --follow", exit_codes.USAGE)
    as_celery = called_as(context) == CELERY
    # Celery's waits.
    follow = follow or (as_celery and not traceback)
    refuse_unreadable(task_id)
    try:
        check_name("the task id", task_id)
    except ValueError as error:
        raise CommandError(str(error), exit_codes.USAGE) from error
    app = load_app(context)
    found = app.AsyncResult(task_id)
    if as_celery and traceback:
        # That is all that Celery's prints.
        click.echo(found.traceback)
        return exit_codes.OK
    if follow:
        if found.state == states.PENDING:
            note(f"nothing is known of task {task_id}: {_UNKNOWN}; still waiting")
        wait_for(found, timeout, Wonder(app))
    state = found.state
    if as_json or state in states.READY_STATES:
        if not as_json and state not in states.PROPAGATE_STATES:
            note(state)
        return show(found, json=as_json, traceback=traceback)
    if state == states.PENDING:
        note(f"PENDING: {_UNKNOWN}")
    else:
        note(state)
        if found.result is not None:
            return show(found, json=False)
    return exit_codes.OK
