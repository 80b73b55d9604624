"""What `taskhub worker` starts as each of its processes; not for people."""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
import sys
import warnings
from collections.abc import Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from taskhub.app.stores import home_of
from taskhub.cli import exit_codes
from taskhub.cli.application import ApplicationBroken, ApplicationNotFound, find_app, user_traceback
from taskhub.cli.command_runner import explain
from taskhub.cli.options import DEFAULT_APP
from taskhub.command_hint import adopt_options, is_of_an_app
from taskhub.config.urls import mask_url
from taskhub.engine.dramatiq.boot_obstacles import check_green_threads
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.logs import setup as logs
from taskhub.worker.ipc.connection import Report, SupervisorConnection
from taskhub.worker.leases.lease import check_obstacles
from taskhub.worker.node import node_signals_of
from taskhub.worker.nodename import expand_path
from taskhub.worker.process import Deadlines, WorkerProcess
from taskhub.worker.restart_policy import RecycleLimits
from taskhub.worker.supervisor.concurrency import Concurrency, decide_concurrency
from taskhub.worker.supervisor.forks import fork_paths
from taskhub.worker.supervisor.plan import WorkerPlan

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: Pauses between tries to reach the store at the start, where the settings ask for tries, seconds.
START_PAUSES = (1.0, 2.0, 4.0, 8.0)


def main(text: str) -> int:
    """Run one worker process by its plan; returns the exit code."""
    plan = WorkerPlan.from_json(text)
    connection = SupervisorConnection.from_environment()
    multiprocessing.current_process().name = f"worker-{plan.number}"
    # What its tasks print is read where nothing is known of this process, so the app is named
    # in any case.
    own = {} if plan.app == DEFAULT_APP or is_of_an_app(plan.program) else {"-A": plan.app}
    adopt_options({**own, **plan.given}, plan.program)
    try:
        return work(plan, connection)
    except ApplicationNotFound as error:
        failure = _failure(error, str(error), exit_codes.USAGE)
    except ApplicationBroken as error:
        failure = _failure(error, str(error), exit_codes.FAILURE, error.shown)
    except OperationalError as error:
        failure = _failure(error, str(error), exit_codes.UNAVAILABLE)
    except OSError as error:
        failure = _failure(error, explain(error)[0], exit_codes.USAGE)
    except (ImproperlyConfigured, ValueError) as error:
        failure = _failure(error, str(error), exit_codes.USAGE)
    except Exception as error:
        message = f"the app cannot start: {type(error).__name__}: {error}"
        failure = _failure(error, message, exit_codes.FAILURE, user_traceback(error))
    connection.send_report(failure)
    return failure.exit_code


def _failure(error: Exception, message: str, exit_code: int, traceback: str = "") -> Report:
    cause = error.__cause__ if isinstance(error, ApplicationBroken) else None
    exception = type(cause or error).__name__
    return Report("failed", message, traceback, exit_code, {"exception": exception})


def work(plan: WorkerPlan, connection: SupervisorConnection) -> int:
    """Find the app and work until stopped."""
    logfile = plan.logfile and expand_path(plan.logfile, plan.nodename, plan.number)
    handlers = logs.handlers(logfile)
    logs.set_up(plan.loglevel, handlers, plan.log_format)
    if not plan.logs_warnings:
        warnings.simplefilter("ignore")
    if not (plan.logs_warnings and plan.announce_store):
        logging.getLogger("taskhub.app.stores").setLevel(logging.ERROR)
    app = find_app(plan.app)
    check_green_threads()
    home = home_of(app.conf)
    if plan.home_log is not None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers += logs.handlers(str(home / plan.home_log))
    app.conf.update(plan.settings)
    if plan.log_format is not None:
        app.conf.worker_log_format = plan.log_format
    broker = app.broker
    broker.nodename = plan.nodename
    # As Dramatiq's command line: when the broker is known, before the other modules are imported.
    broker.emit_after("process_boot")
    # Others may be started meanwhile; receivers of `celeryd_init` may still change the settings.
    size(app, plan, connection)
    prepare(app, plan)
    number_process(plan.number)
    node_signals_of(broker).register_worker(
        {"hostname": plan.nodename, "queues": list(plan.queues)}
    )
    logs.configure(app.conf, handlers, plan.loglevel, logfile)
    threads = size(app, plan, connection).threads
    deadlines = shutdown_deadlines(app, plan)
    only = served_queues(app, plan)
    process = WorkerProcess(
        broker,
        threads=threads,
        queues=only,
        deadlines=deadlines,
        limits=RecycleLimits(
            app.conf.worker_max_tasks_per_child, app.conf.worker_max_memory_per_child
        ),
        connection=connection,
    )
    process.handle_signals()
    queues = sorted(only or (app.broker.get_declared_queues() | set(app.routes.names)))
    others = reach(app, process, queues)
    reported = facts(app, plan, queues, threads, others)
    reported |= {
        "shutdown_timeout": deadlines.warm,
        "stuck_after": app.conf.worker_stuck_after,
        "log_format": app.conf.worker_log_format,
        "home": str(home),
        "forks": fork_paths(broker.middleware),
    }
    code = process.run(reported)
    broker.close()
    return code


def size(app: Celery, plan: WorkerPlan, connection: SupervisorConnection) -> Concurrency:
    """Return how many processes and threads the worker has, and report them to the supervisor.

    Raises:
        ImproperlyConfigured: The setting `worker_concurrency` is no number.
    """
    conf = app.conf
    pool = conf.worker_pool if conf.value_set_for("worker_pool") else None
    try:
        found = decide_concurrency(plan.concurrency, pool=pool, concurrency=conf.worker_concurrency)
    except ValueError as error:
        raise ImproperlyConfigured(f"worker_concurrency: {error}") from error
    facts = {"processes": found.processes, "by_backlog": found.by_backlog}
    connection.send_report(Report("concurrency", facts=facts))
    return found


def prepare(app: Celery, plan: WorkerPlan) -> None:
    """Import what the settings name, bind the tasks, and declare the queues.

    Raises:
        ApplicationBroken: a module that the settings name cannot be imported.
    """
    for queue in plan.queues:
        app.broker.declare_queue(queue)
    try:
        app.import_modules()
        for module in plan.include:
            importlib.import_module(module)
    except (Exception, SystemExit) as error:
        message = f"a module of the app cannot be imported: {type(error).__name__}: {error}"
        raise ApplicationBroken(message, user_traceback(error)) from error
    app.finalize(auto=True)


def number_process(number: int) -> None:
    """Set the index that billiard's processes have in Celery's pool, if the app imports billiard.

    Programs choose a device or a directory by `billiard.current_process().index`.
    """
    billiard = sys.modules.get("billiard.process")
    if billiard is not None:
        billiard.current_process().index = number - 1


def served_queues(app: Celery, plan: WorkerPlan) -> set[str]:
    """Return the only queues to serve; empty: all that the app declares, also later.

    Under the name `celery` a worker serves by itself what Celery's does: the queues that the
    settings name, and not those that tasks and routes name.

    Raises:
        ImproperlyConfigured: all of them are excluded, or one is not configured and
            `task_create_missing_queues` is off.
    """
    queues = set(plan.queues)
    if not app.conf.task_create_missing_queues:
        known = {*app.routes.queues, app.conf.task_default_queue}
        for name in sorted(queues - known):
            near = get_close_matches(name, known, 3)
            hint = (
                f"did you mean {' or '.join(near)}?"
                if near
                else f"there are {', '.join(sorted(known))}"
            )
            raise ImproperlyConfigured(
                f"-Q names the queue {name!r}, which task_queues does not have, and "
                f"task_create_missing_queues is off: {hint}"
            )
    if not queues and plan.concurrency.as_celery:
        actors = app.broker.actors.values()
        native = {actor.queue_name for actor in actors if not getattr(actor, "is_task", False)}
        queues = {*app.routes.names, *native}
    if plan.excluded_queues:
        queues = queues or app.broker.get_declared_queues() | set(app.routes.names)
        queues -= set(plan.excluded_queues)
        if not queues:
            raise ImproperlyConfigured("-X excludes every queue: leave one")
    return queues


def shutdown_deadlines(app: Celery, plan: WorkerPlan) -> Deadlines:
    """Return how long tasks may go on when the process is asked to stop."""
    warm = plan.shutdown_timeout
    if warm is None:
        warm = seconds(app.conf.worker_shutdown_timeout)
    return Deadlines(warm, seconds(app.conf.worker_soft_shutdown_timeout))


def seconds(value: float | timedelta | None) -> float:
    """Return the value of a setting that is a time; None counts as 0."""
    return value.total_seconds() if isinstance(value, timedelta) else float(value or 0)


def reach(app: Celery, process: WorkerProcess, queues: Sequence[str]) -> dict[str, int]:
    """Return the workers that are there already; waits for the store if the settings ask for it.

    Raises:
        OperationalError: it is out of reach, or the process is not wanted any more.
    """
    patient = app.conf.value_set_for("broker_connection_retry_on_startup") and bool(
        app.conf.broker_connection_retry_on_startup
    )
    tries = 0
    while True:
        try:
            check_obstacles(app.engine, queues)
            return app.engine.workers()
        except OperationalError as error:
            limit = app.conf.broker_connection_max_retries
            if not patient or (limit and tries >= limit):
                raise
            pause = START_PAUSES[min(tries, len(START_PAUSES) - 1)]
            tries += 1
            logger.warning("%s; trying again in %g s", mask_url(str(error)), pause)
            if process.wait_for_stop(pause):
                raise


def facts(
    app: Celery, plan: WorkerPlan, queues: Sequence[str], threads: int, others: dict[str, int]
) -> dict[str, Any]:
    """Return what the supervisor announces."""
    engine = app.engine
    return {
        "store": engine.stores.broker.masked(),
        "server": engine.ping(),
        "embedded": not app.conf.broker_url,
        "threads": threads,
        "queues": list(queues),
        "task_names": sorted(
            name for name in {*app.tasks, *app.broker.actors} if not name.startswith("celery.")
        ),
        "app": app.main or "",
        "results": engine.stores.results.masked(),
        "events": bool(app.conf.worker_send_task_events),
        # Only `taskhub up` has a log at home; what is wrong with these lines is nobody else's
        # matter.
        "banner": [line(app) for line in app.banner] if plan.home_log is not None else [],
        "first_call": app.first_call,
        "process": os.getpid(),
        # Processes of the same supervisor may be among them: they begin together.
        "others": [name for name, left in others.items() if left > 0],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
