"""`taskhub up`: what `make up` runs."""

from __future__ import annotations

import json
import os
import shlex
import signal
from pathlib import Path
from typing import Any

import click

from taskhub.cli.option_types import Seconds
from taskhub.cli.options import app_command, app_name
from taskhub.cli.output import note
from taskhub.cli.web import port_option
from taskhub.cli.worker_values import Concurrency
from taskhub.command_hint import command_hint, remember_option
from taskhub.humanize import counted

#: Seconds that running tasks may take after Ctrl-C; somebody who tries things out wants the
#: terminal back.
SHUTDOWN_TIMEOUT = 5.0
LOG_NAME = "worker.log"


def _choose_store(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is None:
        return
    from taskhub.config.urls import parse_store_url

    found = parse_store_url(value, setting="--store")
    if found.scheme == "postgresql" and "create_schema" not in found.options:
        value += ("&" if "?" in value else "?") + "create_schema=true"
    # As for --broker: it reaches the worker processes.
    os.environ["TASKHUB_BROKER_URL"] = value
    remember_option("-b", value)


@app_command()
@click.option(
    "--store",
    metavar="URL",
    expose_value=False,
    callback=_choose_store,
    help="Use this store, as --broker; on PostgreSQL the schema is created or upgraded.",
)
@click.option(
    "-c",
    "--concurrency",
    type=Concurrency(),
    metavar="N",
    help="Tasks at a time, each in a process of its own; with -t: processes.",
)
@click.option(
    "-p",
    "--processes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes with -t threads each (default: the setting worker_concurrency as -c, or 2).",
)
@click.option(
    "-t",
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads in each process (default: 8).",
)
@click.option(
    "--shutdown-timeout",
    type=Seconds(0),
    default=SHUTDOWN_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="How long running tasks may take after Ctrl-C; the rest is requeued.",
)
@click.option(
    "--web/--no-web",
    "with_web",
    default=True,
    show_default=True,
    help="Serve the dashboard on this host.",
)
@port_option(
    "--web-port", help="Serve it on this port, or the next one that is free; 0: any that is free."
)
def up(
    context: click.Context,
    concurrency: int | str | None,
    processes: int | None,
    threads: int | None,
    shutdown_timeout: float,
    with_web: bool,
    web_port: int,
) -> int:
    """Start a store (if none is configured), workers, a scheduler and the dashboard, to try tasks.

    Run in a second terminal it adds workers to those that are there, and a scheduler that stands
    by. Ctrl-C stops what this command has started; the store goes on for as long as another command
    uses it, and keeps its data.
    """
    from taskhub.cli.child_command import ChildCommand
    from taskhub.cli.embedded_dashboard import EmbeddedDashboard, start_dashboard
    from taskhub.cli.scheduler import is_installed
    from taskhub.cli.supervision import supervise
    from taskhub.worker.nodename import expand_nodename
    from taskhub.worker.supervisor.concurrency import ConcurrencyOptions
    from taskhub.worker.supervisor.plan import WorkerPlan

    beside: list[ChildCommand | EmbeddedDashboard] = []

    def announce(facts: list[dict[str, Any]]) -> None:
        log = Path(facts[0]["home"]) / LOG_NAME
        if is_installed():
            arguments = ("-A", app_name(context), "scheduler", "--copy-log", str(log))
            scheduler = ChildCommand("scheduler", arguments)
            scheduler.start()
            beside.append(scheduler)
        text = None
        if with_web:
            dashboard = start_dashboard(app_name(context), facts[0], log, web_port)
            beside.append(dashboard)
            text = dashboard.text
        for line in banner(facts, log, has_scheduler=is_installed(), dashboard=text):
            note(line)

    def on_stopping(_: signal.Signals) -> None:
        for each in beside:
            each.stop()
        note(
            f"\nStopping: tasks that run may take {shutdown_timeout:g} s more, then they are "
            "requeued. "
            "Ctrl-C again requeues them now."
        )

    plan = WorkerPlan(
        app=app_name(context),
        nodename=expand_nodename(None),
        concurrency=ConcurrencyOptions(
            concurrency=concurrency, processes=processes, threads=threads
        ),
        loglevel="INFO",
        home_log=LOG_NAME,
        shutdown_timeout=shutdown_timeout,
        # The banner names it.
        announce_store=False,
    )
    try:
        code = supervise(plan, announce=announce, on_stopping=on_stopping)
    finally:
        for each in beside:
            each.stop()
        for each in beside:
            each.wait()
    note(f"Stopped. What was not finished waits in the store for the next {command_hint('up')}.")
    return code


def banner(
    facts: list[dict[str, Any]], logfile: Path, *, has_scheduler: bool, dashboard: str | None
) -> list[str]:
    """Return what is printed when everything runs.

    Args:
        facts: what each worker process has reported.
        logfile: where log lines are.
        has_scheduler: whether periodic jobs are started.
        dashboard: where the dashboard is, or why there is none; None: none is wanted.
    """
    first = facts[0]
    own = {f":{process['process']}:" for process in facts}
    others = {
        name
        for process in facts
        for name in process["others"]
        if not any(mark in name for mark in own)
    }
    kind = ", the development store of this project" if first["embedded"] else ""
    queues, tasks = ", ".join(first["queues"]), len(first["task_names"])
    lines = [
        "",
        click.style("taskhub is up", bold=True),
        f"  store    {first['server']} at {first['store']}{kind}",
        (
            f"  workers  {counted(len(facts), 'process', 'processes')} x "
            f"{counted(first['threads'], 'thread')}, {counted(tasks, 'task')}, queues {queues}"
        ),
    ]
    if others:
        lines.append(
            f"           worker processes that were here already: {len(others)}; these work "
            "beside them"
        )
    jobs = (
        f"periodic ones start when their time comes, see {_bare('schedule', 'list')}"
        if has_scheduler
        else "no periodic ones: install taskhub-scheduler"
    )
    lines += [f"  jobs     {jobs}"]
    if dashboard is not None:
        lines += [f"  web      {dashboard}"]
    lines += [f"  {label:<8} {text}" for label, text in first["banner"]]
    lines += [f"  log      {logfile}", "", "Next, in a second terminal here:"]
    if first["first_call"] is None:
        lines += [f"  {_bare('inspect', 'registered')}"]
    else:
        name, arguments = first["first_call"]
        lines += [
            f"  {_bare('call', name, '--wait')} \\",
            f"    --kwargs {shlex.quote(json.dumps(arguments))}",
        ]
    lines += [f"  {_bare('status')}        {_bare('doctor')}"]
    return [*lines, "", "Ctrl-C stops it.", ""]


def _bare(*words: str) -> str:
    """Return a command without the marks that part it from other words."""
    return command_hint(*words).replace("`", "")
