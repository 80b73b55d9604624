"""Commands that run as child processes beside workers: the scheduler and the dashboard."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

from taskhub.cli import exit_codes
from taskhub.worker.restart_policy import RestartHistory

#: How long it may take to send what it is about to send, and to let another one lead; seconds.
STOP_TIMEOUT = 10.0


class ChildCommand:
    """A command of taskhub as a child process; one that dies is started again.

    Args:
        name: What it is, for log lines: `scheduler`.
        arguments: Of the command `taskhub`; it must know `--while-stdin-is-open`.
        sockets: Listening sockets that it inherits. They are closed when it has ended for good.
        lock: An open file that is locked while it runs. It is closed before the sockets.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        sockets: Sequence[socket.socket] = (),
        lock: IO[str] | None = None,
    ) -> None:
        self._name = name
        # However this process ends, the other end of that pipe is closed then.
        self._command = [*(sys.executable, "-m", "taskhub", *arguments), "--while-stdin-is-open"]
        self._sockets = tuple(sockets)
        self._lock_file = lock
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"taskhub-{name}", daemon=True)
        self._logger = logging.getLogger(f"taskhub.{name}")

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
            self._logger.error("the %s does not end; it is killed", self._name)
            with suppress(ProcessLookupError):
                self._process.kill()
            self._thread.join(STOP_TIMEOUT)

    def _run(self) -> None:
        try:
            self._supervise()
        finally:
            if self._lock_file is not None:
                self._lock_file.close()
            for each in self._sockets:
                each.close()

    def _supervise(self) -> None:
        history = RestartHistory()
        while (process := self._begin()) is not None:
            began = time.monotonic()
            code = process.wait()
            history = history.after(time.monotonic() - began)
            if self._stopping.is_set() or code == exit_codes.OK:
                return
            if code == exit_codes.USAGE:
                self._logger.error("no %s runs: what it said must be fixed first", self._name)
                return
            self._logger.error(
                "the %s has ended with %d: starting another one in %g s",
                self._name,
                code,
                history.pause,
            )
            self._stopping.wait(history.pause)

    def _begin(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                pass_fds=[each.fileno() for each in self._sockets],
                # Ctrl-C at the terminal reaches the starter only, which then stops it in order.
                process_group=0,
            )
            return self._process


def scheduler_beside_worker(
    app: str, loglevel: str, logfile: str | None, chosen: Mapping[str, str | None]
) -> ChildCommand:
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
    return ChildCommand("scheduler", arguments)
