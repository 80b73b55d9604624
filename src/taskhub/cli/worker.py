"""`taskhub worker`."""

from __future__ import annotations

import logging
from typing import Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_name, app_options
from taskhub.cli.pools import POOLS, shape

LEVELS = ("debug", "info", "warning", "error", "critical")

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
    metavar="SECONDS",
    help="How long running tasks may take when the worker is asked to stop; the rest is given back (default: the "
    "setting worker_shutdown_timeout, 600).",
)
@click.option(
    "--max-tasks-per-child",
    type=click.IntRange(min=1),
    metavar="N",
    help="Replace a process that has run so many tasks.",
)
@click.option(
    "--max-memory-per-child",
    type=click.IntRange(min=1),
    metavar="KIB",
    help="Replace a process that uses more resident memory.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="End tasks after this time that have no time limit of their own.",
)
@click.option(
    "--soft-time-limit",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Raise SoftTimeLimitExceeded after this time in tasks that have no soft time limit of their own.",
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
    shutdown_timeout: float | None,
    max_tasks_per_child: int | None,
    max_memory_per_child: int | None,
    time_limit: float | None,
    soft_time_limit: float | None,
) -> int:
    """Run worker processes on the tasks of an app, and start those again that die.

    The first SIGTERM or SIGINT (Ctrl-C) lets the tasks that run finish, within --shutdown-timeout; the second one, or
    SIGQUIT, gives them back at once, to be run again by another worker; the third kills the processes.

    A store that cannot be reached at the start ends the command, unless the setting
    broker_connection_retry_on_startup is true. Later the workers wait for it, however long it takes.
    """
    from taskhub.cli.supervising import supervise
    from taskhub.worker.nodename import expand_nodename
    from taskhub.worker.plan import WorkerPlan

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

    plan = WorkerPlan(
        app=app_name(context),
        nodename=nodename,
        processes=processes.processes,
        threads=processes.threads,
        queues=names,
        loglevel=loglevel.upper(),
        logfile=logfile,
        shutdown_timeout=shutdown_timeout,
        settings={
            name: value
            for name, value in (
                ("worker_max_tasks_per_child", max_tasks_per_child),
                ("worker_max_memory_per_child", max_memory_per_child),
                ("task_time_limit", time_limit),
                ("task_soft_time_limit", soft_time_limit),
            )
            if value is not None
        },
    )
    return supervise(plan, announce=announce, on_stopping=on_stopping)


def split_names(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in texts with commas, each once."""
    return tuple(
        dict.fromkeys(name.strip() for text in given for name in text.split(",") if name.strip())
    )
