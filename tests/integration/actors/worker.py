"""Workers as their users run them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

from tests.support.workers import until

ROOT: Final = Path(__file__).parents[3]
START_TIMEOUT: Final = 30.0
STOP_TIMEOUT: Final = 30.0
_READY: Final = "Worker process is ready for action."


class Worker:
    """`dramatiq taskhub.actors` with one process and two threads, its log in a file.

    Args:
        environment: Variables, beside those of this process that do not configure taskhub.
        log: The file for what it says.
        modules: More modules to import.
    """

    def __init__(self, environment: Mapping[str, str], log: Path, *modules: str) -> None:
        self._log = log
        own = {name: value for name, value in os.environ.items() if "TASKHUB" not in name}
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "dramatiq", "taskhub.actors", *modules),
                    *("--processes", "1", "--threads", "2"),
                ],
                cwd=log.parent,
                env={**own, "PYTHONPATH": path, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            until(
                lambda: self.said(_READY) or self.has_ended(), "the worker to start", START_TIMEOUT
            )
            assert not self.has_ended(), self.log
        except BaseException:
            self.kill()
            raise

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", "replace")

    def said(self, text: str) -> bool:
        return text in self.log

    def has_ended(self) -> bool:
        return self._process.poll() is not None

    def kill_task_process(self) -> None:
        """End the process that runs the tasks without notice, as when memory is out."""
        line = next(line for line in self.log.splitlines() if line.endswith(_READY))
        os.kill(int(line.partition("[PID ")[2].partition("]")[0]), signal.SIGKILL)

    def wait(self) -> None:
        """Wait until all of its processes have ended."""
        self._process.wait(STOP_TIMEOUT)

    def kill(self) -> None:
        """End all of its processes without notice: an orderly end takes seconds."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
