"""The real commands, as a user runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.ports import next_port_block

ROOT = Path(__file__).parents[2]
TIMEOUT = 60.0


def until(condition: Callable[[], Any], what: str, timeout: float = TIMEOUT) -> Any:
    """Return the first true value of a condition; fail when there is none in time."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {timeout:g} s in vain for {what}"
        time.sleep(0.02)
    return value


class Running:
    """A command that goes on."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text("utf-8", "replace")

    def wait_for(self, text: str, times: int = 1) -> None:
        """Wait until it has printed a text so many times."""
        until(
            lambda: self.output.count(text) >= times or self.process.poll() is not None,
            f"{text!r} in {self.output}",
        )
        assert self.output.count(text) >= times, self.output

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait(self, timeout: float = TIMEOUT) -> int:
        """Wait for its end; returns the exit code."""
        return self.process.wait(timeout)

    def stop(self) -> int:
        """Ask it to end."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
        return self.wait()


class Commands:
    """Runs commands in a directory of their own."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.directory = directory
        #: Where `taskhub up` serves the dashboard.
        self.web_ports = next_port_block()
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TASKHUB_", "CELERY_", "DRAMATIQ_"))
        }
        self.environment = {
            **inherited,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{directory}",
            "TASKHUB_WEB_PORT": str(self.web_ports[0]),
            **environment,
        }
        self.running: list[Running] = []

    def run(
        self,
        *arguments: str,
        timeout: float = TIMEOUT,
        module: str = "taskhub",
        **environment: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run `taskhub`, or another module, to its end."""
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=self.directory,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def start(self, *arguments: str, module: str = "taskhub", **environment: str) -> Running:
        """Start a command that goes on."""
        log = self.directory / f"command-{len(self.running)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=self.directory,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.running.append(Running(process, log))
        return self.running[-1]

    def stop_all(self) -> None:
        """End what still runs."""
        for running in self.running:
            if running.process.poll() is None:
                running.send(signal.SIGTERM)
        for running in self.running:
            try:
                running.wait(10.0)
            except subprocess.TimeoutExpired:
                running.send(signal.SIGQUIT)
                running.wait()
