"""The `forks` of middleware: functions that run in processes of their own, as in Dramatiq."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from taskhub.worker.leases.lease_renewer import run_lease_renewer
from taskhub.worker.restart_policy import RestartHistory
from taskhub.worker.supervisor.child import Child, ChildSpawner, Program

if TYPE_CHECKING:
    from dramatiq.middleware import Middleware

logger = logging.getLogger(__name__)

#: A fork has so long to end after SIGTERM before it is killed, seconds.
GRACE = 3.0


def fork_paths(middleware: Iterable[Middleware]) -> list[str]:
    """Return where the functions of the `forks` of middleware are found, as "module:name".

    The lease renewer is left out: the supervisor renews leases itself.
    """
    functions = [fork for one in middleware for fork in one.forks if fork is not run_lease_renewer]
    return [f"{function.__module__}:{function.__name__}" for function in functions]


class Forks:
    """Runs one process for each fork; one that fails is restarted, one that returns is not.

    Args:
        program: Returns the program of a fork, given its path.
        spawner: Starts processes.
    """

    def __init__(self, program: Callable[[str], Program], spawner: ChildSpawner) -> None:
        self._program = program
        self._spawner = spawner
        self._running: dict[str, tuple[Child, float]] = {}
        self._histories: dict[str, RestartHistory] = {}
        self._restarts: dict[str, float] = {}

    def start(self, paths: Sequence[str]) -> None:
        """Start the forks that were not started yet."""
        for path in paths:
            if path not in self._histories:
                self._histories[path] = RestartHistory()
                self._start(path)

    def restart_failed(self) -> None:
        """Notice which have ended, and restart those whose pause is over."""
        for path, (child, began) in list(self._running.items()):
            child.read_reports()
            if child.has_ended:
                self._remove_ended(path, child, time.monotonic() - began)
        now = time.monotonic()
        for path in [path for path, at in self._restarts.items() if at <= now]:
            del self._restarts[path]
            self._start(path)

    def stop(self) -> None:
        """End all of them, after the worker processes."""
        self._restarts.clear()
        for child, _ in self._running.values():
            child.send_signal(signal.SIGTERM)
        for child, _ in self._running.values():
            try:
                child.process.wait(GRACE)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
                child.process.wait()
            self._spawner.close(child)
        self._running.clear()

    def _start(self, path: str) -> None:
        self._running[path] = self._spawner.start(self._program(path)), time.monotonic()

    def _remove_ended(self, path: str, child: Child, ran: float) -> None:
        del self._running[path]
        self._spawner.close(child)
        if child.process.returncode == 0:
            logger.info("%s has returned", child.program.name)
            return
        history = self._histories[path] = self._histories[path].after(ran)
        self._restarts[path] = time.monotonic() + history.pause
        logger.error("%s %s; restarted in %g s", child.program.name, child.end, history.pause)
