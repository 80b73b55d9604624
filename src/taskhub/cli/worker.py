"""`taskhub worker`."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.options import app_name, app_options
from taskhub.cli.pools import POOLS, shape
from taskhub.cli.privileges import drop_privileges, privilege_options
from taskhub.cli.running import CommandError
from taskhub.cli.worker_health import PROBES, check
from taskhub.cli.worker_settings import celerys_options, setting_options, settings, without_effect
from taskhub.cli.worker_values import Autoscale, Concurrency
from taskhub.worker import detaching
from taskhub.worker.autoscaling import Bounds
from taskhub.worker.log_lines import FORMAT, JSON
from taskhub.worker.nodename import expand_nodename, expand_path
from taskhub.worker.pidfile import AlreadyRunning, holding, refuse_if_held
from taskhub.worker.plan import WorkerPlan

if TYPE_CHECKING:
    from taskhub.cli.beside import SchedulerBeside

LEVELS = ("debug", "info", "warning", "error", "critical", "fatal")

logger = logging.getLogger("taskhub.worker")

#: Options that the command of the scheduler has, too.
loglevel_option = click.option(
    "-l",
    "--loglevel",
    type=click.Choice(LEVELS, case_sensitive=False),
    default="info",
    show_default=True,
    help="Least level of log lines.",
)
workdir_option = click.option(
    "--workdir",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIRECTORY",
    help="Change to a directory first.",
)


@click.command(epilog=exit_codes.EXPLAINED)
@app_options
@click.option(
    "-c",
    "--concurrency",
    "--processes",
    type=Concurrency(),
    metavar="N",
    help="Worker processes (default: 2; auto: as many as processors); with -P threads, gevent or eventlet: tasks at a "
    "time.",
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
    "-X",
    "--exclude-queues",
    multiple=True,
    metavar="NAMES",
    help="Queues not to serve, separated by commas.",
)
@click.option(
    "-I",
    "--include",
    multiple=True,
    metavar="MODULES",
    help="Further modules to import, separated by commas.",
)
@click.option(
    "-n",
    "--hostname",
    metavar="NAME",
    help="The node's name, with %h (host), %n (its first part), %d (the rest); default: celery@%h.",
)
@loglevel_option
@click.option(
    "-f",
    "--logfile",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Append log lines to a file; %n, %h, %p stand for parts of the node's name, %i for a process's number, %I for "
    "that with a dash, nothing for the supervisor.",
)
@click.option(
    "--shutdown-timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long running tasks may take when the worker is asked to stop; the rest is given back (default: the "
    "setting worker_shutdown_timeout, 600).",
)
@click.option(
    "--autoscale",
    "bounds",
    type=Autoscale(),
    metavar="MOST,LEAST",
    help="Start and end processes by the backlog, between these numbers of processes.",
)
@setting_options
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Answer Prometheus at /metrics on this port (needs the extra metrics).",
)
@click.option(
    "--metrics-address",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="The address for --metrics-port; 0.0.0.0: whoever reaches this host may read them.",
)
@click.option(
    "--log-format",
    type=click.Choice(("plain", "json")),
    help="json: every log line is an object of JSON (default: the setting worker_log_format).",
)
@click.option(
    "--pidfile",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the supervisor's process id to a file; end if it names a process that runs. Marks as in --logfile.",
)
@click.option("-D", "--detach", is_flag=True, help="Go on in the background.")
@workdir_option
@click.option(
    "--healthcheck",
    is_flag=False,
    flag_value="ready",
    type=click.Choice(PROBES),
    help="Don't run a worker, but tell how the one that runs here is; ends with 1 if it is not well. live: its "
    "supervisor works; ready (without a word): it takes tasks, too. -n or --pidfile choose one of several.",
)
@click.option(
    "-B",
    "--beat",
    is_flag=True,
    help="Run a scheduler of periodic jobs beside the processes; several workers may.",
)
@click.option("-s", "--schedule", "--schedule-filename", "schedule", hidden=True)
@click.option("--scheduler", "scheduler_class", hidden=True)
@click.option(
    "--purge",
    "--discard",
    is_flag=True,
    help="First drop what waits in the queues, or in those of -Q.",
)
@privilege_options
@celerys_options
@click.pass_context
def worker(
    context: click.Context,
    concurrency: int | None,
    threads: int | None,
    pool: str | None,
    queues: tuple[str, ...],
    exclude_queues: tuple[str, ...],
    include: tuple[str, ...],
    hostname: str | None,
    loglevel: str,
    logfile: str | None,
    shutdown_timeout: float | None,
    bounds: Bounds | None,
    metrics_port: int | None,
    metrics_address: str,
    log_format: str | None,
    pidfile: str | None,
    detach: bool,
    workdir: str | None,
    healthcheck: str | None,
    beat: bool,
    schedule: str | None,
    scheduler_class: str | None,
    purge: bool,
) -> int:
    """Run worker processes on the tasks of an app, and start those again that die.

    The first SIGTERM or SIGINT (Ctrl-C) lets the tasks that run finish, within --shutdown-timeout; the second one gives
    them back at once, to be run again by another worker; the third kills the processes. SIGQUIT gives them back after
    worker_soft_shutdown_timeout (0 s). SIGHUP replaces the processes, one after another, by new ones that read the code
    afresh.

    A store that cannot be reached at the start ends the command, unless the setting
    broker_connection_retry_on_startup is true. Later the workers wait for it, however long it takes.
    """
    if workdir is not None:
        os.chdir(workdir)
    if healthcheck is None:
        drop_privileges(context)
    nodename = expand_nodename(hostname)
    pid_path = None if pidfile is None else Path(expand_path(pidfile, nodename))
    if healthcheck is not None:
        return check(healthcheck, nodename if hostname else None, pid_path)
    processes = shape(pool, concurrency, threads)
    if bounds is not None:
        processes = processes._replace(processes=bounds.clamp(concurrency or bounds.least))
    line = without_effect(context)
    if line is not None:
        warnings.warn(line, stacklevel=1)
    if purge:
        _drop_what_waits(context, split_names(queues), split_names(exclude_queues))
    scheduler = None
    if beat:
        chosen = {"--schedule": schedule, "--scheduler": scheduler_class}
        scheduler = _scheduler(context, loglevel, logfile, nodename, chosen)

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
        if scheduler is not None:
            scheduler.start()

    def on_stopping() -> None:
        if scheduler is not None:
            scheduler.stop()
        logger.warning(
            "%s is stopping: tasks that run may finish; again to give them back", nodename
        )

    plan = WorkerPlan(
        app=app_name(context),
        nodename=nodename,
        processes=processes.processes,
        threads=processes.threads,
        queues=split_names(queues),
        excluded_queues=split_names(exclude_queues),
        include=split_names(include),
        loglevel=loglevel.upper(),
        logfile=logfile,
        shutdown_timeout=shutdown_timeout,
        log_format={"json": JSON, "plain": FORMAT}.get(log_format or ""),
        settings=settings(context),
    )
    # What supervises imports much; whoever only asks how a worker is should not wait for it.
    from taskhub.cli.supervising import supervise

    try:
        with ExitStack() as held:
            if pid_path is not None:
                refuse_if_held(pid_path)
            if detach and not go_on_in_background(logfile):
                return exit_codes.OK
            if pid_path is not None:
                held.enter_context(holding(pid_path))
            if scheduler is not None:
                held.callback(scheduler.wait)
                held.callback(scheduler.stop)
            return supervise(
                plan,
                bounds=bounds,
                metrics=None if metrics_port is None else (metrics_address, metrics_port),
                announce=announce,
                on_stopping=on_stopping,
            )
    except AlreadyRunning as error:
        raise CommandError(str(error)) from error
    except CommandError as error:
        if detach:
            # Nobody sees what the command prints.
            logger.critical("%s", error)
        raise


def _scheduler(
    context: click.Context,
    loglevel: str,
    logfile: str | None,
    nodename: str,
    chosen: dict[str, str | None],
) -> SchedulerBeside:
    from taskhub.cli.beside import SchedulerBeside
    from taskhub.cli.scheduler import load_package

    load_package()
    arguments = ["-A", app_name(context), "scheduler", "-l", loglevel]
    if logfile is not None:
        arguments += ["-f", expand_path(logfile, nodename)]
    for option, value in chosen.items():
        if value is not None:
            arguments += [option, value]
    return SchedulerBeside(*arguments)


def _drop_what_waits(
    context: click.Context, queues: tuple[str, ...], spared: tuple[str, ...]
) -> None:
    # In another process: the supervisor imports no code of the app's.
    options = [*(("-Q", ",".join(queues)) if queues else ())]
    options += [*(("-X", ",".join(spared)) if spared else ())]
    command = (
        sys.executable,
        "-m",
        "taskhub",
        "-A",
        app_name(context),
        "purge",
        "-f",
        "--if-any",
    )
    done = subprocess.run((*command, *options), stdout=sys.stderr, check=False)
    if done.returncode:
        raise CommandError("nothing was purged, see above", done.returncode)


def go_on_in_background(logfile: str | None) -> bool:
    """Detach from the terminal; returns False in the process that was called."""
    if logfile is None:
        warnings.warn("-D without -f: nobody will see what the worker logs", stacklevel=1)
    return detaching.detach()


def split_names(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in texts with commas, each once."""
    return tuple(
        dict.fromkeys(name.strip() for text in given for name in text.split(",") if name.strip())
    )
