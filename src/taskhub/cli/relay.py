"""`taskhub relay`."""

from __future__ import annotations

import logging
import multiprocessing
import threading
from signal import SIGINT, SIGTERM, signal
from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.options import app_command, load_app
from taskhub.cli.output import say_json, table
from taskhub.cli.worker import loglevel_option
from taskhub.humanize import duration
from taskhub.transactions.source import SourceError

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger("taskhub.relay")


@app_command()
@loglevel_option
@click.option(
    "-f",
    "--logfile",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Append log lines to a file.",
)
@click.option("--once", is_flag=True, help="Move what is there, and end.")
@click.option("--create-table", is_flag=True, help="Create the outbox table, and end.")
@click.option("--status", is_flag=True, help="Show what waits in the outboxes, and end.")
@click.option("--json", "as_json", is_flag=True, help="With --status, print one line of JSON each.")
def relay(
    context: click.Context,
    loglevel: str,
    logfile: str | None,
    once: bool,
    create_table: bool,
    status: bool,
    as_json: bool,
) -> int:
    """Move calls that were written in transactions from an outbox into the store.

    The setting outbox_url names the database. Any number of relays may run, and schedulers are
    relays, too: one leads, another takes over when it is stopped, or within 6 s of its death. A
    call is sent once, however often and wherever relays are killed.
    """
    if once + create_table + status > 1:
        raise CommandError("choose one of --once, --create-table and --status", exit_codes.USAGE)
    app = load_app(context)
    _set_up(app)
    if not app.conf.outbox_url:
        raise CommandError(
            "there is no outbox: set outbox_url to the database of the callers, as "
            "postgresql://host/database or django://",
            exit_codes.USAGE,
        )
    try:
        if create_table:
            _create_tables(app)
        elif status:
            _show_status(app, as_json)
        elif once:
            _move_once(app)
        else:
            _run(app, loglevel, logfile)
    except SourceError as error:
        raise CommandError(str(error), exit_codes.UNAVAILABLE) from error
    return exit_codes.OK


def _set_up(app: Celery) -> None:
    """Let the app's receivers prepare, as Django's, whose models may be read."""
    from taskhub import signals

    signals.import_modules.send(sender=app)


def _create_tables(app: Celery) -> None:
    from taskhub.app.relays import open_sources

    for source in open_sources(app):
        created = source.create_table()
        source.close()
        click.echo(f"{source.address}: {source.table} {'was created' if created else 'is there'}")


def _show_status(app: Celery, as_json: bool) -> None:
    from taskhub.app.relays import open_sources

    rows = []
    for source in open_sources(app):
        waiting, oldest, refused = source.backlog()
        source.close()
        if as_json:
            say_json(
                {
                    "database": source.address,
                    "table": str(source.table),
                    "waiting": waiting,
                    "oldest": oldest,
                    "refused": refused,
                }
            )
        age = "" if oldest is None else duration(oldest)
        rows.append((source.address, str(source.table), str(waiting), age, str(refused)))
    if not as_json:
        columns = ("database", "table", "waiting", "oldest", "refused")
        table("Outboxes", columns, rows, "none")


def _move_once(app: Celery) -> None:
    from taskhub.app.relays import make_relays

    for one in make_relays(app):
        text = f"{one.source.address}: {one.drain()} moved"
        if one.refused:
            text += f", {one.refused} put aside (their column `error` says why)"
        if one.leader:
            text += f"; the relay {one.leader} leads, and moves what is there"
        click.echo(text)


def _run(app: Celery, loglevel: str, logfile: str | None) -> None:
    from taskhub.app.relays import RelayThreads
    from taskhub.logs import setup as logs

    multiprocessing.current_process().name = "relay"
    level = "CRITICAL" if loglevel == "fatal" else loglevel.upper()
    handlers = logs.handlers(logfile)
    logs.set_up(level, handlers)
    logs.configure(app.conf, handlers, level, logfile)
    stopping = threading.Event()

    def on_signal(*_: Any) -> None:
        stopping.set()

    for number in (SIGTERM, SIGINT):
        signal(number, on_signal)
    threads = RelayThreads(app)
    threads.start()
    logger.info("the relay is ready")
    while not stopping.wait(1.0):
        pass
    threads.stop(app.conf.scheduler_lease)
    logger.info("the relay has stopped")
