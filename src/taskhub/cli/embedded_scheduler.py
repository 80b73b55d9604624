"""Scheduler process beside workers, for `taskhub up` and `taskhub worker -B`."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from taskhub.cli import exit_codes
from taskhub.worker.restart_policy import RestartHistory

logger = logging.getLogger("taskhub.scheduler")

#: How long it may take to send what it is about to send, and to let another one lead; seconds.
STOP_TIMEOUT = 10.0


class SchedulerBeside:
    """A scheduler process, for as long as this process lives; one that dies is started again.

    Args:
        arguments: of the command `taskhub`.
    """

    def __init__(self, *arguments: str) -> None:
        # However this process ends, the other end of that pipe is closed then.
        self._command = [
            *(sys.executable, "-m", "taskhub", *arguments),
            "--while-stdin-is-open",
        ]
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self._supervise, name="taskhub-scheduler", daemon=True
        )

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; returns at once."""
        with self._lock:
            self._stopping.set()
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()

    def wait(self) -> None:
        """Wait until it has ended, and kill it if that takes too long."""
        if not self._thread.is_alive():
            return
        self._thread.join(STOP_TIMEOUT)
        if self._thread.is_alive() and self._process is not None:
            logger.error("the scheduler does not end; it is killed")
            with suppress(ProcessLookupError):
                self._process.kill()
            self._thread.join(STOP_TIMEOUT)

    def _supervise(self) -> None:
        history = RestartHistory()
        while (process := self._begin()) is not None:
            began = time.monotonic()
            code = process.wait()
            history = history.after(time.monotonic() - began)
            if self._stopping.is_set() or code == exit_codes.OK:
                return
            if code == exit_codes.USAGE:
                logger.error("no scheduler runs: what it said must be fixed first")
                return
            logger.error(
                "the scheduler has ended with %d: starting another one in %g s", code, history.pause
            )
            self._stopping.wait(history.pause)

    def _begin(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
            return self._process


def scheduler_beside_worker(
    app: str, loglevel: str, logfile: str | None, chosen: Mapping[str, str | None]
) -> SchedulerBeside:
    """Return the scheduler that runs beside a worker (`-B`), not started yet.

    Args:
        app: The app as `-A` names it.
        loglevel: Its level of logging.
        logfile: Where it logs; None: where the worker does.
        chosen: Options of `taskhub scheduler` and their values; None: not given.

    Raises:
        CommandError: The scheduler is not installed.
    """
    from taskhub.cli.scheduler import load_package

    load_package()
    arguments = ["-A", app, "scheduler", "-l", loglevel]
    for option, value in {"-f": logfile, **chosen}.items():
        if value is not None:
            arguments += [option, value]
    return SchedulerBeside(*arguments)
