"""Services as processes: what an engine of containers, and systemd, is for them."""

from __future__ import annotations

import select
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, Self

from tests.acceptance.command import TIMEOUT, Commands, Running

__all__ = ("SHOP", "Manager", "wait_for_health")

#: An app; its name is that in the files of deployment.
SHOP: Final = """
import errno, os
from datetime import timedelta
from taskhub import Celery

app = Celery("shop")
app.conf.beat_schedule = {"add": {"task": "shop.add", "schedule": timedelta(hours=1), "args": (1, 2)}}

@app.task(name="shop.add")
def add(x, y):
    return x + y

@app.task(name="shop.look_around")
def look_around():
    try:
        open("file", "w")
    except OSError as error:
        return [os.getppid(), os.getuid(), errno.errorcode[error.errno]]
"""

_PROGRAMS: Final = {"taskhub": (sys.executable, "-m", "taskhub"), "python": (sys.executable,)}


def wait_for_health(commands: Commands, check: list[str], service: Running) -> str:
    """Run a health check until it succeeds, as an engine does; returns what it printed."""
    deadline = time.monotonic() + TIMEOUT
    while True:
        done = subprocess.run(
            [*_PROGRAMS[check[0]], *check[1:]],
            env=commands.environment,
            cwd=commands.directory,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        if done.returncode == 0:
            return done.stdout
        assert service.process.poll() is None, service.output
        assert time.monotonic() < deadline, (check, done.stdout + done.stderr)


class Manager:
    """A service manager: the socket that services with `Type=notify` report to.

    Args:
        path: Of its socket; it must be short.
        watchdog: `WatchdogSec`.
    """

    def __init__(self, path: Path, watchdog: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        #: Of the services.
        self.environment = {
            "NOTIFY_SOCKET": str(path),
            "WATCHDOG_USEC": str(int(watchdog * 1_000_000)),
        }

    def wait_for(self, state: str) -> list[str]:
        """Wait for a report; returns those up to it."""
        reports: list[str] = []
        deadline = time.monotonic() + TIMEOUT
        while state not in reports:
            ready, _, _ = select.select([self._socket], [], [], deadline - time.monotonic())
            assert ready, f"{state} was not reported, only {reports}"
            reports.append(self._socket.recv(4096).decode())
        return reports

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
