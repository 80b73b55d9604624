"""`taskhub worker`."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_name, app_options
from taskhub.cli.pools import POOLS, Shape, shape

LEVELS = ("debug", "info", "warning", "error", "critical")
#: Seconds that running tasks may take when the worker is asked to stop.
SHUTDOWN_TIMEOUT = 600.0

logger = logging.getLogger("taskhub.worker")


@click.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.option(
    "-c",
    "--concurrency",
    "--processes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Worker processes (default: 2); with -P threads, gevent or eventlet: tasks at a time.",
)
@click.option(
    "-t",
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Tasks at a time in each process (default: the setting worker_concurrency over the processes, or 8).",
)
@click.option(
    "-P",
    "--pool",
    type=click.Choice(POOLS, case_sensitive=False),
    help="Celery's pools, as processes and threads. prefork, processes: one task at a time in each of -c processes. "
    "threads, gevent, eventlet: one process, -c threads. solo: one process, one task. Without -P: -c processes "
    "with -t threads each.",
)
@click.option(
    "-Q",
    "--queues",
    multiple=True,
    metavar="NAMES",
    help="The only queues to serve, separated by commas (default: all of the app).",
)
@click.option(
    "-n",
    "--hostname",
    metavar="NAME",
    help="The node's name, with %h (host), %n (its first part), %d (the rest); default: celery@%h.",
)
@click.option(
    "-l",
    "--loglevel",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="info",
    show_default=True,
    help="Least level of log lines.",
)
@click.option(
    "-f",
    "--logfile",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Append log lines to a file.",
)
@click.option(
    "--shutdown-timeout",
    type=click.FloatRange(min=0),
    default=SHUTDOWN_TIMEOUT,
    show_default=True,
    metavar="SECONDS",
    help="How long running tasks may take when the worker is asked to stop; the rest is given back.",
)
@click.pass_context
def worker(
    context: click.Context,
    concurrency: int | None,
    threads: int | None,
    pool: str | None,
    queues: tuple[str, ...],
    hostname: str | None,
    loglevel: str,
    logfile: str | None,
    shutdown_timeout: float,
) -> int:
    """Run worker processes on the tasks of an app, and start those again that die.

    The first SIGTERM or SIGINT (Ctrl-C) lets the tasks that run finish, within --shutdown-timeout; the second one, or
    SIGQUIT, gives them back at once, to be run again by another worker; the third kills the processes.

    A store that cannot be reached at the start ends the command, unless the setting
    broker_connection_retry_on_startup is true. Later the workers wait for it, however long it takes.
    """
    from taskhub.worker.plan import expand_nodename

    names = split_names(queues)
    processes = shape(pool, concurrency, threads)
    nodename = expand_nodename(hostname)

    def announce(facts: list[dict[str, Any]]) -> None:
        logger.info(
            "%s is ready: %d x %d threads, %d tasks, queues %s, store %s (%s)",
            nodename,
            processes.processes,
            facts[0]["threads"],
            facts[0]["tasks"],
            ", ".join(facts[0]["queues"]),
            facts[0]["store"],
            facts[0]["server"],
        )

    def on_stopping() -> None:
        logger.warning(
            "%s is stopping: tasks that run may finish; again to give them back", nodename
        )

    return supervise(
        app_name(context),
        processes,
        queues=names,
        nodename=nodename,
        loglevel=loglevel,
        logfile=logfile,
        log_to_terminal=False,
        shutdown_timeout=shutdown_timeout,
        announce=announce,
        on_stopping=on_stopping,
    )


def split_names(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in texts with commas, each once."""
    return tuple(
        dict.fromkeys(name.strip() for text in given for name in text.split(",") if name.strip())
    )


def supervise(
    app: str,
    processes: Shape,
    *,
    queues: tuple[str, ...],
    nodename: str,
    loglevel: str,
    logfile: str | None,
    log_to_terminal: bool,
    shutdown_timeout: float,
    announce: Callable[[list[dict[str, Any]]], object],
    on_stopping: Callable[[], object],
    announce_store: bool = True,
) -> int:
    """Run worker processes until they are told to stop; returns the exit code.

    Raises:
      CommandError: they cannot start.
    """
    import multiprocessing

    from taskhub.cli.running import CommandError
    from taskhub.worker import logs
    from taskhub.worker.child import Program
    from taskhub.worker.plan import WorkerPlan
    from taskhub.worker.supervisor import Supervisor

    multiprocessing.current_process().name = "supervisor"
    logs.set_up(loglevel.upper(), logs.handlers(logfile, log_to_terminal))
    programs = []
    for number in range(1, processes.processes + 1):
        plan = WorkerPlan(
            app=app,
            number=number,
            processes=processes.processes,
            threads=processes.threads,
            queues=queues,
            nodename=nodename,
            loglevel=loglevel.upper(),
            logfile=logfile,
            log_to_terminal=log_to_terminal,
            shutdown_timeout=shutdown_timeout,
            announce_store=announce_store,
        )
        command = (sys.executable, "-m", "taskhub.cli.worker_process", plan.to_json())
        programs.append(Program(f"worker process {number}", command))
    supervisor = Supervisor(
        programs,
        shutdown_timeout=shutdown_timeout,
        on_ready=announce,
        on_stopping=on_stopping,
    )
    code = supervisor.run()
    failure = supervisor.failure
    if failure is not None:
        raise CommandError(failure.message, failure.exit_code, failure.traceback)
    if supervisor.given_back:
        logger.warning(
            "%d tasks were given back: they run again in another worker", supervisor.given_back
        )
    return code
