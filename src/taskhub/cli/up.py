"""`taskhub up`: what `make up` runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_name, app_options
from taskhub.cli.output import note
from taskhub.cli.pools import PROCESSES, THREADS

#: Seconds that running tasks may take after Ctrl-C; whoever tries things out wants the terminal back.
SHUTDOWN_TIMEOUT = 5.0
LOG_NAME = "worker.log"


@click.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.option(
    "-c",
    "--processes",
    type=click.IntRange(min=1),
    default=PROCESSES,
    show_default=True,
    metavar="N",
)
@click.option(
    "-t", "--threads", type=click.IntRange(min=1), default=THREADS, show_default=True, metavar="N"
)
@click.option(
    "--shutdown-timeout",
    type=click.FloatRange(min=0),
    default=SHUTDOWN_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="How long running tasks may take after Ctrl-C; the rest is given back.",
)
@click.pass_context
def up(context: click.Context, processes: int, threads: int, shutdown_timeout: float) -> int:
    """Start everything that is needed to try tasks: a store, if none is configured, workers, and a scheduler.

    Run in a second terminal it adds workers to those that are there, and a scheduler that stands by. Ctrl-C stops what
    this command has started; the store goes on for as long as another command uses it, and keeps its data.
    """
    from taskhub.cli.beside import SchedulerBeside
    from taskhub.cli.scheduler import is_installed
    from taskhub.cli.supervising import supervise
    from taskhub.worker.nodename import expand_nodename
    from taskhub.worker.plan import WorkerPlan

    # What is wrong with its settings is to be told before anything starts.
    mail_line(Path())

    scheduler: SchedulerBeside | None = None

    def announce(facts: list[dict[str, Any]]) -> None:
        nonlocal scheduler
        home = Path(facts[0]["home"])
        if is_installed():
            arguments = ("-A", app_name(context), "scheduler", "--copy-log", str(home / LOG_NAME))
            scheduler = SchedulerBeside(*arguments)
            scheduler.start()
        for line in banner(facts, home / LOG_NAME, mail_line(home), scheduler is not None):
            note(line)

    def on_stopping() -> None:
        if scheduler is not None:
            scheduler.stop()
        note(
            f"\nStopping: tasks that run may take {shutdown_timeout:g} s more, then they are given back. "
            "Ctrl-C again gives them back now."
        )

    plan = WorkerPlan(
        app=app_name(context),
        nodename=expand_nodename(None),
        processes=processes,
        threads=threads,
        loglevel="INFO",
        home_log=LOG_NAME,
        shutdown_timeout=shutdown_timeout,
        # The banner names it.
        announce_store=False,
    )
    try:
        code = supervise(plan, announce=announce, on_stopping=on_stopping)
    finally:
        if scheduler is not None:
            scheduler.stop()
            scheduler.wait()
    note("Stopped. What was not finished waits in the store for the next `taskhub up`.")
    return code


def mail_line(home: Path) -> str:
    """Return where e-mail goes.

    Raises:
      MailError: its settings are wrong.
    """
    from taskhub.mail import MailSettings

    settings = MailSettings.from_environment(os.environ, home=home)
    if settings.host is None:
        return f"written to {settings.outbox} (set TASKHUB_SMTP_URL to have it sent)"
    return f"sent by {settings.server}"


def banner(facts: list[dict[str, Any]], logfile: Path, mail: str, has_scheduler: bool) -> list[str]:
    """Return what is told when everything runs."""
    first = facts[0]
    own = {f":{process['process']}:" for process in facts}
    others = {
        name
        for process in facts
        for name in process["others"]
        if not any(mark in name for mark in own)
    }
    kind = ", the development store of this project" if first["embedded"] else ""
    queues = ", ".join(first["queues"])
    lines = [
        "",
        click.style("taskhub is up", bold=True),
        f"  store    {first['server']} at {first['store']}{kind}",
        f"  workers  {len(facts)} processes x {first['threads']} threads, {first['tasks']} tasks, queues {queues}",
    ]
    if others:
        lines.append(
            f"           {len(others)} worker processes were here already: these work beside them"
        )
    jobs = (
        "periodic ones start when their time comes, see taskhub schedule list"
        if has_scheduler
        else "no periodic ones: pip install taskhub-scheduler"
    )
    lines += [
        f"  jobs     {jobs}",
        f"  e-mail   {mail}",
        f"  log      {logfile}",
        "",
        "Next, in a second terminal here:",
        "  taskhub call Modules.admin.tasks.default_tasks.send_email --wait \\",
        '    --kwargs \'{"to": "you@example.com", "subject": "Hello", "body": "It works."}\'',
        "  taskhub status        taskhub doctor        python examples/tour.py",
        "",
        "Ctrl-C stops it.",
        "",
    ]
    return lines
