"""What `taskhub worker` starts as each of its processes; not for people."""

from __future__ import annotations

import importlib
import logging
import math
import multiprocessing
import os
import sys
import warnings
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from taskhub.app.stores import home_of
from taskhub.cli import exit_codes
from taskhub.cli.application import ApplicationBroken, ApplicationNotFound, find_app, user_traceback
from taskhub.config.urls import mask_url
from taskhub.exceptions import ImproperlyConfigured, OperationalError
from taskhub.worker import logs
from taskhub.worker.link import Link, Report
from taskhub.worker.node import signals_of
from taskhub.worker.nodename import expand_path
from taskhub.worker.plan import WorkerPlan
from taskhub.worker.process import Deadlines, WorkerProcess
from taskhub.worker.recycling import Limits

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

THREADS = 8
#: Pauses between tries to reach the store at the start, where the settings ask for tries, seconds.
START_PAUSES = (1.0, 2.0, 4.0, 8.0)


def main(text: str) -> int:
    """Run one worker process by its plan; returns the exit code."""
    plan = WorkerPlan.from_json(text)
    link = Link.from_environment()
    multiprocessing.current_process().name = f"worker-{plan.number}"
    try:
        return work(plan, link)
    except ApplicationNotFound as error:
        failure = Report("failed", str(error), exit_code=exit_codes.USAGE)
    except ApplicationBroken as error:
        failure = Report("failed", str(error), error.shown, exit_codes.FAILURE)
    except OperationalError as error:
        failure = Report("failed", str(error), exit_code=exit_codes.UNAVAILABLE)
    except (ImproperlyConfigured, OSError, ValueError) as error:
        failure = Report("failed", str(error), exit_code=exit_codes.USAGE)
    except Exception as error:
        message = f"the app cannot start: {type(error).__name__}: {error}"
        failure = Report("failed", message, user_traceback(error), exit_codes.FAILURE)
    link.tell(failure)
    return failure.exit_code


def work(plan: WorkerPlan, link: Link) -> int:
    """Find the app and work until told to stop."""
    logfile = plan.logfile and expand_path(plan.logfile, plan.nodename, plan.number)
    handlers = logs.handlers(logfile)
    logs.set_up(plan.loglevel, handlers, plan.log_format)
    if not plan.speaks:
        warnings.simplefilter("ignore")
    if not (plan.speaks and plan.announce_store):
        logging.getLogger("taskhub.app.stores").setLevel(logging.ERROR)
    app = find_app(plan.app)
    home = home_of(app.conf)
    if plan.home_log is not None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        handlers += logs.handlers(str(home / plan.home_log))
    app.conf.update(plan.settings)
    if plan.log_format is not None:
        app.conf.worker_log_format = plan.log_format
    broker = app.broker
    broker.nodename = plan.nodename
    prepare(app, plan)
    signals_of(broker).introduce({"hostname": plan.nodename, "queues": list(plan.queues)})
    logs.configure(app.conf, handlers, plan.loglevel, logfile)
    threads = plan.threads or _threads(app.conf.worker_concurrency, plan.processes)
    deadlines = shutdown_deadlines(app, plan)
    process = WorkerProcess(
        broker,
        threads=threads,
        queues=served_queues(app, plan),
        deadlines=deadlines,
        limits=Limits(app.conf.worker_max_tasks_per_child, app.conf.worker_max_memory_per_child),
        link=link,
    )
    process.handle_signals()
    others = reach(app, process)
    told = facts(app, plan, threads, others)
    told |= {
        "shutdown_timeout": deadlines.warm,
        "stuck_after": app.conf.worker_stuck_after,
        "log_format": app.conf.worker_log_format,
        "home": str(home),
    }
    code = process.run(told)
    broker.close()
    return code


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


def served_queues(app: Celery, plan: WorkerPlan) -> set[str]:
    """Return the only queues to serve; empty: all that the app declares, also later.

    Raises:
      ImproperlyConfigured: all of them are excluded.
    """
    queues = set(plan.queues)
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


def reach(app: Celery, process: WorkerProcess) -> dict[str, int]:
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
            return app.engine.workers()
        except OperationalError as error:
            limit = app.conf.broker_connection_max_retries
            if not patient or (limit and tries >= limit):
                raise
            pause = START_PAUSES[min(tries, len(START_PAUSES) - 1)]
            tries += 1
            logger.warning("%s; trying again in %g s", mask_url(str(error)), pause)
            if process.is_to_end_within(pause):
                raise


def facts(app: Celery, plan: WorkerPlan, threads: int, others: dict[str, int]) -> dict[str, Any]:
    """Return what the supervisor announces."""
    from taskhub.engine.redis.engine import RedisEngine

    engine = app.engine
    queues = served_queues(app, plan) or (app.broker.get_declared_queues() | set(app.routes.names))
    address = engine.broker_url.masked() if isinstance(engine, RedisEngine) else "memory://"
    return {
        "store": address,
        "server": engine.ping(),
        "embedded": not app.conf.broker_url,
        "threads": threads,
        "queues": sorted(queues),
        "tasks": len(app.tasks),
        "process": os.getpid(),
        # Processes of the same supervisor may be among them: they begin together.
        "others": [name for name, left in others.items() if left > 0],
    }


def _threads(concurrency: Any, processes: int) -> int:
    """Return the threads of one process, for the setting `worker_concurrency`."""
    if concurrency in (None, "auto"):
        return THREADS
    return max(1, math.ceil(int(concurrency) / processes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
