"""`taskhub worker`."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.checks.clash import celery_names, complain_of
from taskhub.cli.command_runner import CommandError
from taskhub.cli.metrics_endpoint import metrics_options
from taskhub.cli.options import app_command, app_name
from taskhub.cli.privileges import drop_privileges, privilege_options
from taskhub.cli.program import CELERY, called_as, change_directory, is_quiet
from taskhub.cli.service_manager import ServiceManager
from taskhub.cli.worker_banner import worker_banner
from taskhub.cli.worker_health import PROBES, check
from taskhub.cli.worker_settings import celerys_options, setting_options, settings, without_effect
from taskhub.cli.worker_values import Autoscale, Concurrency
from taskhub.humanize import counted
from taskhub.logs.formatters import FORMAT, JSON
from taskhub.worker.nodename import expand_nodename, expand_path
from taskhub.worker.supervisor.autoscaler import AutoscaleBounds
from taskhub.worker.supervisor.concurrency import POOLS, ConcurrencyOptions
from taskhub.worker.supervisor.daemon import daemonize
from taskhub.worker.supervisor.pidfile import AlreadyRunning, check_pidfile, pidfile_held
from taskhub.worker.supervisor.plan import WorkerPlan

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


@app_command()
@click.option(
    "-c",
    "--concurrency",
    type=Concurrency(),
    metavar="N",
    help="Tasks at a time, as in Celery: as many processes, each with one task; with -P threads, "
    "gevent or eventlet threads of one process; with -t the number of processes. auto: as many as "
    "processors (default: the setting worker_concurrency, or 2 processes of 8 threads; under the "
    "name `celery`: as many as processors).",
)
@click.option(
    "-p",
    "--processes",
    type=click.IntRange(min=1),
    metavar="N",
    help="Processes with -t threads each.",
)
@click.option(
    "-t",
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Tasks at a time in each process (with -p: 8, or -c over the processes).",
)
@click.option(
    "-P",
    "--pool",
    type=click.Choice(POOLS, case_sensitive=False),
    help="Celery's pools, as processes and threads. prefork, processes: one task at a time in "
    "each of -c processes. threads, gevent, eventlet: one process, -c threads. solo: one process, "
    "one task (default: the setting worker_pool, prefork).",
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
    help="Append log lines to a file; %n, %h, %p stand for parts of the node's name, %i for a "
    "process's number, %I for that with a dash, nothing for the supervisor.",
)
@click.option(
    "--shutdown-timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="How long running tasks may take when the worker is asked to stop; the rest is requeued "
    "(default: the setting worker_shutdown_timeout, 600).",
)
@click.option(
    "--autoscale",
    type=Autoscale(),
    metavar="MOST,LEAST",
    help="Start and end processes by the backlog, between these numbers of processes with one "
    "task each, or with -t tasks.",
)
@setting_options
@metrics_options
@click.option(
    "--log-format",
    type=click.Choice(("plain", "json")),
    help="json: every log line is an object of JSON (default: the setting worker_log_format).",
)
@click.option(
    "--pidfile",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Write the supervisor's process id to a file; end if it names a process that runs. Marks "
    "as in --logfile.",
)
@click.option("-D", "--detach", is_flag=True, help="Go on in the background.")
@workdir_option
@click.option(
    "--healthcheck",
    is_flag=False,
    flag_value="ready",
    type=click.Choice(PROBES),
    help="Don't run a worker, but report on the one that runs here; ends with 1 if it is not "
    "well. live: its supervisor works; ready (without a word): it takes tasks, too. -n or "
    "--pidfile choose one of several.",
)
@click.option(
    "-B",
    "--beat",
    is_flag=True,
    help="Run a scheduler of periodic jobs beside the processes; several workers may.",
)
@click.option("-s", "--schedule-filename", "--schedule", hidden=True)
@click.option("--scheduler", hidden=True)
@click.option(
    "--purge",
    "--discard",
    is_flag=True,
    help="First delete what waits in the queues, or in those of -Q.",
)
@privilege_options
@celerys_options
def worker(  # noqa: C901, PLR0915 - a branch for each option
    context: click.Context,
    concurrency: int | str | None,
    processes: int | None,
    threads: int | None,
    pool: str | None,
    queues: tuple[str, ...],
    exclude_queues: tuple[str, ...],
    include: tuple[str, ...],
    hostname: str | None,
    loglevel: str,
    logfile: str | None,
    shutdown_timeout: float | None,
    autoscale: AutoscaleBounds | None,
    metrics_port: int | None,
    metrics_address: str,
    log_format: str | None,
    pidfile: str | None,
    detach: bool,
    workdir: str | None,
    healthcheck: str | None,
    beat: bool,
    schedule_filename: str | None,
    scheduler: str | None,
    purge: bool,
) -> int:
    """Run worker processes on the tasks of an app, and start those again that die.

    The first SIGTERM or SIGINT (Ctrl-C) lets the tasks that run finish, within --shutdown-timeout;
    the second one gives them back at once, to be run again by another worker; the third kills the
    processes. SIGQUIT gives them back after worker_soft_shutdown_timeout (0 s). SIGHUP replaces the
    processes, one after another, by new ones that read the code afresh.

    A store that cannot be reached at the start ends the command, unless the setting
    broker_connection_retry_on_startup is true. Later the workers wait for it, however long it
    takes.
    """
    if workdir is not None:
        change_directory(workdir)
    if healthcheck is None:
        drop_privileges(context)
    nodename = expand_nodename(hostname)
    pid_path = None if pidfile is None else Path(expand_path(pidfile, nodename))
    if healthcheck is not None:
        return check(healthcheck, nodename if hostname else None, pid_path)
    options = ConcurrencyOptions(
        pool=pool,
        concurrency=concurrency,
        processes=processes,
        threads=threads,
        most=autoscale.most if autoscale else None,
        least=autoscale.least if autoscale else None,
        as_celery=called_as(context) == CELERY,
    )
    line = without_effect(context)
    if line is not None:
        warnings.warn(line, stacklevel=1)
    if purge:
        _drop_what_waits(context, split_names(queues), split_names(exclude_queues))
    manager = ServiceManager()
    beside = None
    if beat:
        chosen = {"--schedule": schedule_filename, "--scheduler": scheduler}
        from taskhub.cli.child_command import scheduler_beside_worker

        log_path = logfile and expand_path(logfile, nodename)
        beside = scheduler_beside_worker(app_name(context), loglevel, log_path, chosen)

    def announce(facts: list[dict[str, Any]]) -> None:
        if facts[0]["log_format"] != JSON and not is_quiet(context):
            lists_tasks = loglevel.lower() in ("debug", "info")
            click.echo(
                worker_banner(
                    nodename,
                    app_name(context),
                    len(facts),
                    facts[0],
                    lists_tasks=lists_tasks,
                )
            )
        clash = complain_of(celery_names())
        if clash is not None:
            logger.error("%s: %s", *clash)
        logger.info(
            "%s is ready: %d x %s, %s, queues %s, store %s (%s)",
            nodename,
            len(facts),
            counted(facts[0]["threads"], "thread"),
            counted(len(facts[0]["task_names"]), "task"),
            ", ".join(facts[0]["queues"]),
            facts[0]["store"],
            facts[0]["server"],
        )
        if beside is not None:
            beside.start()
        manager.report_ready()

    def on_stopping(number: signal.Signals) -> None:
        manager.report_stopping()
        if beside is not None:
            beside.stop()
        if number == signal.SIGQUIT:
            logger.warning(
                "%s is stopping: tasks that run longer than worker_soft_shutdown_timeout are "
                "requeued",
                nodename,
            )
        else:
            logger.warning(
                "%s is stopping: tasks that run may finish; again to requeue them", nodename
            )

    plan = WorkerPlan(
        app=app_name(context),
        nodename=nodename,
        concurrency=options,
        queues=split_names(queues),
        excluded_queues=split_names(exclude_queues),
        include=split_names(include),
        loglevel=loglevel.upper(),
        logfile=logfile,
        shutdown_timeout=shutdown_timeout,
        log_format={"json": JSON, "plain": FORMAT}.get(log_format or ""),
        settings=settings(context),
    )
    # What supervises imports much; a health check should not wait for it.
    from taskhub.cli.supervision import supervise

    try:
        with ExitStack() as held:
            if pid_path is not None:
                check_pidfile(pid_path)
            log = logfile and expand_path(logfile, nodename)
            if detach and not go_on_in_background(log):
                return exit_codes.OK
            if pid_path is not None:
                held.enter_context(pidfile_held(pid_path))
            if beside is not None:
                held.callback(beside.wait)
                held.callback(beside.stop)
            return supervise(
                plan,
                bounds=autoscale,
                metrics=None if metrics_port is None else (metrics_address, metrics_port),
                announce=announce,
                on_stopping=on_stopping,
                on_turn=manager.report_alive,
            )
    except AlreadyRunning as error:
        raise CommandError(str(error)) from error
    except CommandError as error:
        if detach:
            # Nobody sees what the command prints.
            logger.critical("%s", error)
        raise


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
    if logfile is not None:
        # Afterwards nobody would see why nothing is logged.
        with Path(logfile).open("ab"):
            pass
    else:
        warnings.warn("-D without -f: nobody will see what the worker logs", stacklevel=1)
    return daemonize()


def split_names(given: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names in texts with commas, each once."""
    return tuple(
        dict.fromkeys(name.strip() for text in given for name in text.split(",") if name.strip())
    )
