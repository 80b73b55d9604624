"""Real worker processes for tests: Dramatiq's command line, or `taskhub worker`, in a group of its own, with a log."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from tests.support.processes import find_processes

__all__ = ("SETTINGS_VARIABLE", "SupervisedSet", "WorkerSet", "until")

#: Where a program finds the settings of its app, as JSON.
SETTINGS_VARIABLE: Final = "TASKHUB_TEST_SETTINGS"
#: Names the log of the processes of one run, by which they are known from others.
_LOG_VARIABLE: Final = "TASKHUB_TEST_LOG"

_ROOT: Final = Path(__file__).resolve().parents[2]
_READY: Final = re.compile(r"\[PID (\d+)\].*WorkerProcess\(\d+\)\].*is ready for action")
_LEASE_RENEWER_READY: Final = re.compile(
    r"\[PID (\d+)\].*ForkProcess\(\d+\)\].*is ready for action"
)
_SUPERVISED: Final = re.compile(r"worker process \d+ \(process (\d+)\) is ready")
_KEPT: Final = re.compile(r"the lease renewer renews the lease of this process")


def until(holds: Callable[[], Any], what: str, timeout: float = 60.0) -> Any:
    """Wait until something holds, and return it; fails the test after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s in vain: {what}")
        time.sleep(0.01)


class WorkerSet:
    """One run of ``dramatiq``: its master, its worker processes, and the lease renewer.

    Args:
        module: The module with the tasks; it must not raise the levels of its loggers.
        settings: The settings of its app, which the module reads from ``SETTINGS_VARIABLE``.
        directory: Where its log goes.
        queues: The only queues to serve.
        name: Tells its log from others in the directory.
        arguments: Further arguments of the command.
        path: Where else modules are looked for.
    """

    def __init__(
        self,
        module: str,
        settings: Mapping[str, Any],
        directory: Path,
        *,
        processes: int = 1,
        threads: int = 2,
        queues: Sequence[str] = (),
        name: str = "worker",
        arguments: Iterable[str] = (),
        path: Path | None = None,
    ) -> None:
        self.processes = processes
        self.log_path = directory / f"{name}.log"
        self._command = self._command_line(module, processes, threads, queues, arguments)
        self._environment = {
            **os.environ,
            SETTINGS_VARIABLE: json.dumps(dict(settings)),
            _LOG_VARIABLE: str(self.log_path),
            "PYTHONPATH": os.pathsep.join(
                str(place) for place in (_ROOT / "src", _ROOT, path) if place is not None
            ),
            "PYTHONUNBUFFERED": "1",
        }
        self._environment.pop("TASKHUB_LEASE_RENEWER", None)
        self.master: subprocess.Popen[bytes] | None = None

    @staticmethod
    def _command_line(
        module: str, processes: int, threads: int, queues: Sequence[str], arguments: Iterable[str]
    ) -> list[str]:
        return [
            *(sys.executable, "-m", "dramatiq", module),
            *("-p", str(processes), "-t", str(threads)),
            *arguments,
            *(("-Q", *queues) if queues else ()),
        ]

    # -- life

    def start(self, *, wait: bool = True) -> Self:
        """Start it; with `wait` until all of its processes are ready."""
        with self.log_path.open("wb") as log:
            self.master = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=_ROOT,
                env=self._environment,
                start_new_session=True,
            )
        return self.wait_until_ready() if wait else self

    def wait_until_ready(self) -> Self:
        """Wait until all of its processes are ready, and known to the lease renewer."""
        until(
            lambda: (
                len(self.pids) == self.processes and len(_KEPT.findall(self.log)) == self.processes
            ),
            f"dramatiq's processes to be ready; its log: {self.log_path}",
            60.0,
        )
        return self

    def terminate(self) -> None:
        """Ask the master to end everything, tasks finished or given back."""
        self._running.terminate()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the master."""
        self._running.send_signal(number)

    def wait(self, timeout: float = 60.0) -> int:
        """Wait for the master's end and return its exit code."""
        return self._running.wait(timeout)

    def kill(self) -> None:
        """End every process without notice."""
        if self.master is None:
            return
        # The master first: it would start others.
        if self.master.poll() is None:
            self.master.kill()
            self.master.wait()
        while self._signal(signal.SIGKILL):
            time.sleep(0.01)

    def freeze(self) -> None:
        """Let every process stand still."""
        self._running.send_signal(signal.SIGSTOP)
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _processes(self) -> list[int]:
        # The whole value: the path of another log may begin with this one.
        return find_processes(f"{_LOG_VARIABLE}={self.log_path}\0")

    def _signal(self, number: signal.Signals) -> int:
        """Send a signal to every process of this run; returns to how many.

        Their numbers in the log and the number of their group do not tell them: numbers of
        processes that have ended are given to others.
        """
        found = 0
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
                found += 1
        return found

    @property
    def is_running(self) -> bool:
        """Whether the master still runs."""
        return self._running.poll() is None

    # -- looking

    @property
    def log(self) -> str:
        """What its processes have logged."""
        return self.log_path.read_text("utf-8", "replace")

    @property
    def pids(self) -> list[int]:
        """The worker processes that have come up."""
        return [int(pid) for pid in _READY.findall(self.log)]

    @property
    def lease_renewer(self) -> int | None:
        """The lease_renewer's process id, once it has come up."""
        found = _LEASE_RENEWER_READY.search(self.log)
        return int(found[1]) if found else None

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self.master is not None, "not started"
        return self.master

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()


class SupervisedSet(WorkerSet):
    """One run of ``taskhub worker``: its supervisor, which is the lease renewer, too, and its worker processes."""

    @staticmethod
    def _command_line(
        module: str, processes: int, threads: int, queues: Sequence[str], arguments: Iterable[str]
    ) -> list[str]:
        return [
            *(sys.executable, "-m", "taskhub", "-A", module, "worker"),
            *("-c", str(processes), "-t", str(threads)),
            *arguments,
            *(("-Q", ",".join(queues)) if queues else ()),
        ]

    def wait_until_ready(self) -> Self:
        """Wait until all of its processes are ready, and known to the lease renewer."""
        until(
            lambda: (
                len(self.pids) >= self.processes and len(_KEPT.findall(self.log)) >= self.processes
            ),
            f"taskhub's processes to be ready; its log: {self.log_path}",
            60.0,
        )
        return self

    @property
    def pids(self) -> list[int]:
        """The worker processes that have ever come up."""
        return [int(pid) for pid in _SUPERVISED.findall(self.log)]

    @property
    def living(self) -> list[int]:
        """The worker processes that run."""
        running = set(self._processes())
        return [pid for pid in self.pids if pid in running]
