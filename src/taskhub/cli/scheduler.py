"""`taskhub scheduler`, and under Celery's name `taskhub beat`."""

from __future__ import annotations

import logging
import multiprocessing
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.metrics_endpoint import enter_served, metrics_options
from taskhub.cli.option_types import Seconds
from taskhub.cli.options import app_command, load_app
from taskhub.cli.own_scheduler import OwnScheduler, own_scheduler
from taskhub.cli.privileges import drop_privileges, privilege_options
from taskhub.cli.program import change_directory
from taskhub.cli.scheduler_health import Heartbeat, check_scheduler
from taskhub.cli.service_manager import ServiceManager
from taskhub.cli.worker import go_on_in_background, loglevel_option, workdir_option
from taskhub.exceptions import OperationalError
from taskhub.logs import setup as logs
from taskhub.worker.supervisor.pidfile import AlreadyRunning, check_pidfile, pidfile_held

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: The distribution that has the scheduler, by its import name.
PACKAGE = "taskhub_scheduler"

#: Options of `celery beat` that are accepted, and why they change nothing.
WITHOUT_EFFECT = {
    "schedule": "what ran last is in the store, not in a file",
    "max_interval": "changes take effect at once",
    "hostname": "schedulers name themselves",
    "remote_control": "taskhub schedule list shows who leads",
}

logger = logging.getLogger("taskhub.scheduler")


@app_command()
@loglevel_option
@click.option(
    "-f",
    "--logfile",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Append log lines to a file.",
)
@click.option(
    "--pidfile",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the process id to a file; refuse to start while the process in it lives.",
)
@click.option("-D", "--detach", is_flag=True, help="Go on in the background.")
@workdir_option
@click.option(
    "-S",
    "--scheduler",
    "scheduler_class",
    metavar="CLASS",
    help="A scheduler of your own, module:class, in the place of this one (default: the setting "
    "beat_scheduler); of these only one may run.",
)
@click.option(
    "--healthcheck",
    is_flag=True,
    help="Don't run a scheduler, but report on those that run here; ends with 1 if one has had no "
    "turn for a minute. One of -S is not known to it.",
)
@click.option("-s", "--schedule", "filename", hidden=True)
@click.option("--max-interval", type=Seconds(0), hidden=True)
@click.option("-n", "--hostname", hidden=True)
@click.option(
    "--enable-remote-control/--no-enable-remote-control",
    "remote_control",
    default=None,
    hidden=True,
)
@metrics_options
@privilege_options
@click.option("--while-stdin-is-open", "attached", is_flag=True, hidden=True)
@click.option("--copy-log", metavar="FILE", type=click.Path(dir_okay=False), hidden=True)
def scheduler(  # noqa: C901 - a branch for each option
    context: click.Context,
    /,
    loglevel: str,
    logfile: str | None,
    pidfile: Path | None,
    detach: bool,
    workdir: str | None,
    attached: bool,
    copy_log: str | None,
    filename: str | None,
    scheduler_class: str | None,
    max_interval: float | None,
    metrics_port: int | None,
    metrics_address: str,
    healthcheck: bool,
    **without_effect: Any,
) -> int:
    """Start the periodic jobs of an app when their time comes.

    Any number of schedulers may run: one leads, another takes over within 10 s of its death, and at
    once when it is stopped (SIGTERM, Ctrl-C). Each fire time of a job is sent once, whichever
    scheduler leads.

    The other options of `celery beat` are accepted; a line says of each that is given why it
    changes nothing.
    """
    manager = ServiceManager()
    if workdir is not None:
        change_directory(workdir)
    if healthcheck:
        return check_scheduler()
    drop_privileges(context)
    try:
        with ExitStack() as held:
            if pidfile is not None:
                check_pidfile(pidfile)
            if detach and not go_on_in_background(logfile):
                return exit_codes.OK
            if pidfile is not None:
                held.enter_context(pidfile_held(pidfile))
            multiprocessing.current_process().name = "scheduler"
            level = "CRITICAL" if loglevel == "fatal" else loglevel.upper()
            handlers = logs.handlers(logfile)
            if copy_log is not None:
                handlers += logs.handlers(copy_log)
            logs.set_up(level, handlers)
            if attached:
                # The starter has printed where the store is.
                logging.getLogger("taskhub.app.stores").setLevel(logging.ERROR)
            app = load_app(context)
            own = own_scheduler(app, scheduler_class)
            check_metrics_port(metrics_port, own)
            if own is None:
                without_effect.update(schedule=filename, max_interval=max_interval)
            _log_without_effect(without_effect)
            # What ends the command is printed, not logged.
            held.enter_context(redirect_stdout(sys.stdout))
            held.enter_context(redirect_stderr(sys.stderr))
            running: Any = None
            if own is not None:
                # Before logging is set up: its module may have a receiver of `setup_logging`.
                running = OwnScheduler(app, own, filename, max_interval)
            logs.configure(app.conf, handlers, level, logfile)
            if running is None:
                check_data_format(app)
                on_turn = _turn_reports(held, manager)
                running = load_package().Scheduler(app, embedded=attached, on_turn=on_turn)
                _serve_metrics(held, running, app, metrics_address, metrics_port)
            _run(running, attached, manager)
    except AlreadyRunning as error:
        raise CommandError(str(error)) from error
    except Exception as error:
        if detach:
            # Nobody sees what the command prints.
            logger.critical("%s", error)
        raise
    return exit_codes.OK


def check_metrics_port(port: int | None, own: str | None) -> None:
    """Refuse to serve metrics of a scheduler of the program's own.

    Raises:
        CommandError: That is asked for.
    """
    if own is not None and port is not None:
        raise CommandError(
            f"--metrics-port knows taskhub's own scheduler only, not {own}: leave one of them out",
            exit_codes.USAGE,
        )


def _serve_metrics(held: ExitStack, running: Any, app: Any, address: str, port: int | None) -> None:
    """Answer Prometheus until `held` is left, if there is a port.

    Raises:
        CommandError: That is not possible.
    """
    if port is None:
        return
    from taskhub.cli.schedule_metrics import ScheduleCollector
    from taskhub.worker.supervisor.metrics_server import collector_served

    collector = ScheduleCollector(app, lambda: running.leads)
    enter_served(held, collector_served(collector, address, port), address, port)


def check_data_format(app: Celery) -> None:
    """Refuse to work on data that another version has written in a form not read here.

    A store that is out of reach is waited for later.

    Raises:
        CommandError: The data is of another format.
    """
    try:
        obstacles = app.engine.obstacles()
    except OperationalError:
        return
    for obstacle in obstacles:
        if obstacle.kind == "format":
            text = f"{obstacle.detail}: {obstacle.remedy}"
            raise CommandError(text, exit_codes.UNAVAILABLE)


def _turn_reports(held: ExitStack, manager: ServiceManager) -> Callable[[], None]:
    """Return what a scheduler calls after each turn, for health checks and the service manager."""
    heartbeat = Heartbeat()
    held.callback(heartbeat.close)

    def report_turn() -> None:
        heartbeat.renew()
        manager.report_alive()

    return report_turn


def _log_without_effect(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if value is not None:
            option = name.replace("_", "-")
            logger.warning("--%s has no effect: %s", option, WITHOUT_EFFECT[name])


def _run(running: Any, attached: bool, manager: ServiceManager) -> None:
    running.handle_signals()
    if attached:
        # The starter holds the other end: when that is gone, however it ended, this ends,
        # too.
        def watch() -> None:
            sys.stdin.buffer.read()
            running.stop()

        threading.Thread(target=watch, name="taskhub-attached", daemon=True).start()
    logger.info("scheduler %s is ready", running.name)
    manager.report_ready()
    running.run()
    manager.report_stopping()
    logger.info("scheduler %s has stopped", running.name)


def load_package() -> Any:
    """Return the scheduler's package.

    Raises:
        CommandError: it is not installed.
    """
    # By name: it is a distribution of its own, which stands upon this one.
    try:
        return import_module(PACKAGE)
    except ModuleNotFoundError as error:
        if error.name not in (PACKAGE, "apscheduler"):
            raise
        raise CommandError(
            "the scheduler is not installed: install taskhub-scheduler", exit_codes.USAGE
        ) from error


def is_installed() -> bool:
    """Whether there is a scheduler here."""
    return all(find_spec(name) is not None for name in (PACKAGE, "apscheduler"))
