"""Real worker processes for tests: Dramatiq's command line in a group of its own, with a log."""

from __future__ import annotations

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

__all__ = ("SETTINGS_VARIABLE", "WorkerSet", "until")

#: Where a program finds the settings of its app, as JSON.
SETTINGS_VARIABLE: Final = "TASKHUB_TEST_SETTINGS"

_ROOT: Final = Path(__file__).resolve().parents[2]
_READY: Final = re.compile(r"\[PID (\d+)\].*WorkerProcess\(\d+\)\].*is ready for action")
_KEEPER_READY: Final = re.compile(r"\[PID (\d+)\].*ForkProcess\(\d+\)\].*is ready for action")
_KEPT: Final = re.compile(r"the keeper renews the lease of this process")


def until(holds: Callable[[], Any], what: str, timeout: float = 15.0) -> Any:
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
    """One run of ``dramatiq``: its master, its worker processes, and the keeper.

    Parameters:
        module: The module with the tasks; it must let ``taskhub`` log at INFO.
        settings: The settings of its app, which the module reads from ``SETTINGS_VARIABLE``.
        directory: Where its log goes.
        queues: The only queues to serve.
        name: Tells its log from others in the directory.
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
    ) -> None:
        self.processes = processes
        self.log_path = directory / f"{name}.log"
        self._command = [
            *(sys.executable, "-m", "dramatiq", module),
            *("-p", str(processes), "-t", str(threads)),
            *arguments,
            *(("-Q", *queues) if queues else ()),
        ]
        self._environment = {
            **os.environ,
            SETTINGS_VARIABLE: json.dumps(dict(settings)),
            "PYTHONPATH": os.pathsep.join((str(_ROOT / "src"), str(_ROOT))),
            "PYTHONUNBUFFERED": "1",
        }
        self._environment.pop("TASKHUB_KEEPER", None)
        self.master: subprocess.Popen[bytes] | None = None

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
        """Wait until all of its processes are ready, and known to the keeper."""
        until(
            lambda: (
                len(self.pids) == self.processes and len(_KEPT.findall(self.log)) == self.processes
            ),
            f"dramatiq's processes to be ready; its log: {self.log_path}",
            30.0,
        )
        return self

    def terminate(self) -> None:
        """Ask the master to end everything, tasks finished or given back."""
        self._running.terminate()

    def wait(self, timeout: float = 15.0) -> int:
        """Wait for the master's end and return its exit code."""
        return self._running.wait(timeout)

    def kill(self) -> None:
        """End every process of the group without notice."""
        if self.master is None:
            return
        for number in (signal.SIGCONT, signal.SIGKILL):
            try:
                os.killpg(self.master.pid, number)
            except ProcessLookupError:
                break
        self.master.wait()

    def freeze(self) -> None:
        """Let every process of the group stand still."""
        os.killpg(self._running.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        os.killpg(self._running.pid, signal.SIGCONT)

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
    def keeper(self) -> int | None:
        """The keeper's process id, once it has come up."""
        found = _KEEPER_READY.search(self.log)
        return int(found[1]) if found else None

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self.master is not None, "not started"
        return self.master

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()
