"""Child processes of a supervisor: starting one, its reports, its orders, its end."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from taskhub.worker.ipc.connection import FD_VARIABLE, RESTARTS_VARIABLE, Order, Report, Restarts
from taskhub.worker.supervisor.status import ProcessStatus


@dataclass(frozen=True)
class Program:
    """The program of a child process."""

    #: For people, e.g. "worker process 1".
    name: str
    command: tuple[str, ...]


class Child:
    """A running process of a program.

    Args:
        program: What it runs.
        environment: Its environment variables; that of the connection is added.
        number: Its number among the processes of its worker, from 1.
        restarts: How often one of this number was started again.
    """

    def __init__(
        self,
        program: Program,
        environment: Mapping[str, str],
        number: int = 0,
        restarts: Restarts | None = None,
    ) -> None:
        self.program = program
        self.number = number
        self.ready_at: float | None = None
        #: Whether a reload was requested after its start: it may run the code of before.
        self.is_outdated = False
        #: Its report `failed`.
        self.failure: Report | None = None
        #: Whether it has begun a message that was lost with other processes.
        self.has_suspect = False
        #: The facts of its report `ready`.
        self.facts: dict[str, Any] = {}
        #: The facts of its last heartbeat: tasks held, tasks completed, ...
        self.heartbeat: dict[str, Any] = {}
        #: Seconds without a report, as far as the supervisor was able to read one.
        self.silent_for = 0.0
        #: Whether its end of the connection is closed: it ends, or something in it has closed what
        #: it did not open.
        self.has_hung_up = False
        self._received = b""
        self.connection, other_end = socket.socketpair()
        self.connection.setblocking(False)
        with other_end:
            descriptor = other_end.fileno()
            own = {FD_VARIABLE: str(descriptor)}
            if restarts is not None:
                own[RESTARTS_VARIABLE] = restarts.to_text()
            # A process group of its own: what is typed at the terminal is for the supervisor.
            self.process = subprocess.Popen(
                program.command,
                stdin=subprocess.DEVNULL,
                env={**environment, **own},
                pass_fds=(descriptor,),
                process_group=0,
            )

    def __str__(self) -> str:
        return f"{self.program.name} (process {self.process.pid})"

    # -- inspection

    @property
    def is_ready(self) -> bool:
        """Whether it works."""
        return self.ready_at is not None

    @property
    def ready_for(self) -> float:
        """Seconds since it was ready, 0 if it never was."""
        return 0.0 if self.ready_at is None else time.monotonic() - self.ready_at

    @property
    def held(self) -> int:
        """How many messages it holds."""
        return int(self.heartbeat.get("held", 0))

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self.process.poll() is not None

    @property
    def end(self) -> str:
        """How the process ended, for the log."""
        code = self.process.returncode
        if code is None or code >= 0:
            return f"ended with exit code {code}"
        hint = " (out of memory?)" if -code == signal.SIGKILL else ""
        return f"was killed by {signal.Signals(-code).name}{hint}"

    @property
    def ended_in_order(self) -> bool:
        """Whether a process that was asked to end did so."""
        return self.process.returncode in (0, -signal.SIGTERM)

    @property
    def status(self) -> ProcessStatus:
        """What health checks are answered about it."""
        return ProcessStatus(
            process=self.process.pid,
            ready=self.is_ready,
            held=self.held,
            answered=self.heartbeat.get("answered", 0.0),
            reachable=self.heartbeat.get("reachable", True),
            number=self.number,
            threads=int(self.facts.get("threads", 0)),
        )

    # -- signals and orders

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, if the process is still there."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    def stop(self, number: signal.Signals) -> None:
        """End it by a signal that it knows to be the supervisor's: what it requeues is not lost."""
        self.send_order(Order("stop"))
        self.send_signal(number)

    def send_order(self, order: Order) -> None:
        """Send an order; it is dropped where the process has not read so many before it."""
        with suppress(OSError):
            self.connection.send(order.to_line())

    # -- reports

    def read_reports(self) -> list[Report]:
        """Return the reports since the last time."""
        with suppress(BlockingIOError, ConnectionError):
            while received := self.connection.recv(65536):
                self._received += received
            self.has_hung_up = True
            # Wait for its end here: its closed connection stays readable.
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
        *lines, self._received = self._received.split(b"\n")
        reports = [Report.from_line(line) for line in lines]
        for report in reports:
            self._observe(report)
        return reports

    def _observe(self, report: Report) -> None:
        self.silent_for = 0.0
        if report.kind == "ready":
            self.ready_at = time.monotonic()
            self.facts = report.facts
        elif report.kind == "heartbeat":
            self.heartbeat = report.facts
        elif report.kind == "suspect":
            self.has_suspect = True
        elif report.kind == "failed":
            self.failure = report


class ChildSpawner:
    """Starts child processes, and has a selector watch their connections.

    Args:
        selector: Becomes ready when a child has sent a report, or has ended.
    """

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        #: The environment variables of children that are started from now on.
        self.environment: Mapping[str, str] = os.environ

    def start(self, program: Program, number: int = 0, restarts: Restarts | None = None) -> Child:
        """Start a process."""
        child = Child(program, self.environment, number, restarts)
        self._selector.register(child.connection, selectors.EVENT_READ)
        return child

    def close(self, child: Child) -> None:
        """Close the connection of a process that has ended."""
        self._selector.unregister(child.connection)
        child.connection.close()
