"""A supervised process, as its supervisor sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from taskhub.worker.link import LINK_VARIABLE, Order, Report


@dataclass(frozen=True)
class Program:
    """What a supervised process runs."""

    #: For people, e.g. "worker process 1".
    name: str
    command: tuple[str, ...]


class Child:
    """One running process of a program.

    Parameters:
      program: what it runs.
      environment: its environment variables; the link is added.
    """

    def __init__(self, program: Program, environment: Mapping[str, str]) -> None:
        self.program = program
        #: Among the processes of its worker, from 1.
        self.number = 0
        self.ready_at: float | None = None
        self.failure: Report | None = None
        #: What it told when it was ready.
        self.facts: dict[str, Any] = {}
        #: What it told last of itself: tasks in hand, tasks ended, ...
        self.pulse: dict[str, Any] = {}
        #: For how long it has told nothing, seconds of the supervisor's own attention.
        self.silent = 0.0
        self._received = b""
        self.link, other_end = socket.socketpair()
        self.link.setblocking(False)
        with other_end:
            number = other_end.fileno()
            # A process group of its own: what is typed at the terminal is for the supervisor.
            self.process = subprocess.Popen(
                program.command,
                stdin=subprocess.DEVNULL,
                env={**environment, LINK_VARIABLE: str(number)},
                pass_fds=(number,),
                process_group=0,
            )

    def __str__(self) -> str:
        return f"{self.program.name} (process {self.process.pid})"

    @property
    def is_ready(self) -> bool:
        """Whether it works."""
        return self.ready_at is not None

    @property
    def ran(self) -> float:
        """Seconds since it was ready, 0 if it never was."""
        return 0.0 if self.ready_at is None else time.monotonic() - self.ready_at

    @property
    def held(self) -> int:
        """How many tasks it has in hand."""
        return int(self.pulse.get("held", 0))

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if the process is still there."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    def order(self, order: Order) -> None:
        """Tell it something. What does not fit any more into the link of a process that does not listen is lost."""
        with suppress(OSError):
            self.link.send(order.to_line())

    def reports(self) -> list[Report]:
        """Return what it has told since the last time."""
        with suppress(BlockingIOError, ConnectionError):
            while received := self.link.recv(65536):
                self._received += received
            # Closed by its end: wait for it, rather than hear the silence again and again.
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
        *lines, self._received = self._received.split(b"\n")
        reports = [Report.from_line(line) for line in lines]
        for report in reports:
            self.silent = 0.0
            if report.kind == "ready":
                self.ready_at = time.monotonic()
                self.facts = report.facts
            elif report.kind == "pulse":
                self.pulse = report.facts
            elif report.kind == "failed":
                self.failure = report
        return reports

    def how_it_ended(self) -> str:
        """Return how the process ended, for people."""
        code = self.process.returncode
        if code is None or code >= 0:
            return f"ended with exit code {code}"
        name = signal.Signals(-code).name
        hint = " (out of memory?)" if -code == signal.SIGKILL and os.name == "posix" else ""
        return f"was killed by {name}{hint}"

    def close(self) -> None:
        """Free what stands for the process."""
        self.link.close()
