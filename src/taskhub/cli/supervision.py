"""Running worker processes under a supervisor, for `taskhub worker` and `taskhub up`."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taskhub.cli.command_runner import CommandError
from taskhub.cli.metrics_endpoint import enter_served
from taskhub.command_hint import given_options, given_program
from taskhub.humanize import counted
from taskhub.logs import setup as logs
from taskhub.logs.formatters import JSON
from taskhub.worker.nodename import expand_path
from taskhub.worker.supervisor.autoscaler import AutoscaleBounds
from taskhub.worker.supervisor.child import Program
from taskhub.worker.supervisor.plan import WorkerPlan
from taskhub.worker.supervisor.supervisor import Supervisor

if TYPE_CHECKING:
    from taskhub.worker.supervisor.metrics import Collector

logger = logging.getLogger("taskhub.worker")


def supervise(
    plan: WorkerPlan,
    *,
    bounds: AutoscaleBounds | None = None,
    metrics: tuple[str, int] | None = None,
    announce: Callable[[list[dict[str, Any]]], object],
    on_stopping: Callable[[signal.Signals], object],
    on_turn: Callable[[], object] = lambda: None,
) -> int:
    """Run worker processes until they are stopped; returns the exit code.

    Args:
        plan: how each is to run; they get their numbers here.
        bounds: between how many processes there may be, by the backlog; None: their number
            stays.
        metrics: address and port where Prometheus is answered; None: it is not.
        announce: called once with the report of each, when all are ready.
        on_stopping: called when the first signal arrives, with SIGTERM or SIGQUIT.
        on_turn: called at each turn of the supervisor's loop.

    Raises:
        CommandError: they cannot start.
    """
    multiprocessing.current_process().name = "supervisor"
    logfile = None if plan.logfile is None else expand_path(plan.logfile, plan.nodename)
    handlers = logs.handlers(logfile)
    logs.set_up(plan.loglevel, handlers, plan.log_format)

    def program(number: int, first: bool) -> Program:
        # All processes have the same to say about their settings, however often they are started.
        logs_warnings = first and number == 1
        own = replace(
            plan,
            number=number,
            logs_warnings=logs_warnings,
            program=given_program(),
            given=given_options(),
        )
        command = (sys.executable, "-m", "taskhub.cli.worker_process", own.to_json())
        return Program(f"worker process {number}", command)

    def fork_program(path: str) -> Program:
        command = (sys.executable, "-m", "taskhub.cli.fork_process", plan.to_json(), path)
        return Program(f"fork {path}", command)

    def on_ready(facts: list[dict[str, Any]]) -> None:
        # The app's settings are known to the processes only.
        if plan.home_log is not None:
            handlers.extend(logs.handlers(str(Path(facts[0]["home"]) / plan.home_log)))
        logs.set_up(plan.loglevel, handlers, JSON if facts[0]["log_format"] == JSON else None)
        announce(facts)

    with _collecting(metrics) as collector:
        supervisor = Supervisor(
            program,
            plan.concurrency.initial_processes,
            nodename=plan.nodename,
            bounds=bounds,
            shutdown_timeout=plan.shutdown_timeout,
            on_ready=on_ready,
            on_stopping=on_stopping,
            on_turn=on_turn,
            fork_program=fork_program,
            on_lease_renewer=lambda lease_renewer: (
                collector.use_lease_renewer(lease_renewer) if collector else None
            ),
        )
        code = supervisor.run()
    failure = supervisor.failure
    if failure is not None:
        raise CommandError(failure.message, failure.exit_code, failure.traceback)
    if supervisor.requeued:
        logger.warning(
            "%s requeued, to run again in another worker",
            counted(supervisor.requeued, "task was", "tasks were"),
        )
    return code


@contextmanager
def _collecting(where: tuple[str, int] | None) -> Generator[Collector | None]:
    """Answer Prometheus during a block, if that is wanted."""
    if where is None:
        yield None
        return
    from taskhub.worker.supervisor.metrics import metrics_served

    with ExitStack() as held:
        yield enter_served(held, metrics_served(*where), *where)
