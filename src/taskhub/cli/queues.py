"""`taskhub queues` and `taskhub purge`."""

from __future__ import annotations

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_options, load_app
from taskhub.cli.output import say_json, table
from taskhub.cli.running import CommandError


@click.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON.")
@click.pass_context
def queues(context: click.Context, as_json: bool) -> None:
    """Show the queues that were ever used, and what they hold."""
    counts = load_app(context).engine.queues()
    if as_json:
        say_json({name: count._asdict() for name, count in counts.items()})
        return
    rows = [(name, count.ready, count.delayed) for name, count in counts.items()]
    table("Queues", ("name", "ready", "delayed"), rows, "none was used yet")


@click.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.argument("queue")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--keep-delayed", is_flag=True, help="Drop only what is ready to run.")
@click.pass_context
def purge(context: click.Context, queue: str, yes: bool, keep_delayed: bool) -> None:
    """Drop what waits in QUEUE. What runs already goes on; what was dropped is gone."""
    engine = load_app(context).engine
    counts = engine.queues()
    if queue not in counts:
        there = f"there are {', '.join(counts)}" if counts else "none was used yet"
        raise CommandError(f"there is no queue {queue!r}: {there}", exit_codes.USAGE)
    ready, delayed = counts[queue]
    doomed = ready if keep_delayed else ready + delayed
    if doomed and not yes and not click.confirm(f"Drop {doomed} messages of {queue}?", err=True):
        raise CommandError("nothing was dropped")
    click.echo(f"{engine.purge(queue, delayed=not keep_delayed)} messages dropped from {queue}")
