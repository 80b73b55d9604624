"""Supervisor IPC: the socket between a worker process and its supervisor, and what goes over it.

The process sends reports, the supervisor sends orders. The supervisor's end is closed when the
supervisor is gone, however it ended, so that no process is left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self

#: The environment variable with the number of the socket's file descriptor.
FD_VARIABLE = "TASKHUB_SUPERVISOR_FD"

#: The environment variable with the restarts of the process (`Restarts`).
RESTARTS_VARIABLE = "TASKHUB_RESTARTS"
#: Of a reason so much is kept.
_LONGEST_REASON = 300

#: `concurrency`: how large the worker is by its settings. `prepared`: the process waits for the
#: order to serve. `ready`: it works. `heartbeat`: it is alive, and how it does. `suspect`: the
#: message that it begins may end it. `replace`: start a successor. `request`: something that
#: concerns the whole worker. `failed`: it cannot start. `stopped`: it ends, with this outcome for
#: its tasks.
ReportKind = Literal[
    "concurrency",
    "prepared",
    "ready",
    "heartbeat",
    "suspect",
    "replace",
    "request",
    "failed",
    "stopped",
]
#: `serve`: claim messages from now on. `retire`: finish what runs, however long it takes, and end.
#: `stop`: the signal that comes next is the supervisor's. `pool`: which processes the worker has
#: now.
OrderKind = Literal["serve", "retire", "stop", "pool"]


@dataclass(frozen=True)
class _Line:
    """A message that is sent as one line of JSON."""

    def to_line(self) -> bytes:
        """Return the line of JSON that is sent."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Self:
        """Read back what `to_line` wrote."""
        return cls(**json.loads(line))


@dataclass(frozen=True)
class Report(_Line):
    """A message from a worker process to its supervisor."""

    kind: ReportKind
    #: `failed`: one line that says what is wrong and what to do. `replace`: why. `request`: the
    #: request.
    message: str = ""
    #: `failed`: the user's own traceback, where the error is in their code.
    traceback: str = ""
    #: `failed`: the exit code that the supervisor should end with.
    exit_code: int = 1
    #: `concurrency`: how many processes to start, and whether their number follows the backlog.
    #: `prepared`: how many threads it has, and the app's time zone. `ready`: what runs. `failed`:
    #: the class of the exception. `request`: its arguments. Others: counts of tasks.
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Order(_Line):
    """A message from a supervisor to one of its processes."""

    kind: OrderKind
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Restarts:
    """How often the process of a number was started again, and why the last time."""

    count: int = 0
    reason: str = ""

    def to_text(self) -> str:
        """Return the text that goes into an environment variable."""
        return json.dumps([self.count, self.reason[:_LONGEST_REASON]])

    @classmethod
    def from_text(cls, text: str) -> Restarts:
        """Read back what `to_text` wrote."""
        return cls(*json.loads(text))


class SupervisorConnection:
    """A worker process's end of the socket to its supervisor. Any thread may send reports.

    Args:
        endpoint: The socket; None: the process has no supervisor, and reports are dropped.
        restarts: How often the process was restarted; None: no supervisor counts.
    """

    def __init__(self, endpoint: socket.socket | None, restarts: Restarts | None = None) -> None:
        self._endpoint = endpoint
        self.restarts = restarts
        self._sending = threading.Lock()
        self._received = b""

    @classmethod
    def from_environment(cls) -> SupervisorConnection:
        """Return the connection that the supervisor has opened.

        Its variables are removed, so that programs which tasks start do not inherit them.
        """
        number = os.environ.pop(FD_VARIABLE, None)
        restarts = os.environ.pop(RESTARTS_VARIABLE, None)
        if number is None:
            return cls(None)
        endpoint = socket.socket(fileno=int(number))
        endpoint.set_inheritable(False)
        return cls(endpoint, None if restarts is None else Restarts.from_text(restarts))

    @property
    def endpoint(self) -> socket.socket | None:
        """The socket: readable when the supervisor has sent an order, or is gone."""
        return self._endpoint

    def send_report(self, report: Report) -> None:
        """Send a report; a supervisor that is gone does not read it."""
        if self._endpoint is not None:
            with self._sending, contextlib.suppress(OSError):
                self._endpoint.sendall(report.to_line())

    def send_report_unless_blocked(self, report: Report) -> None:
        """Send a report, but drop it while the supervisor does not read: the sender never waits."""
        if self._endpoint is not None and select.select((), (self._endpoint,), (), 0)[1]:
            self.send_report(report)

    def wait_for_hangup(self, seconds: float) -> bool:
        """Wait for the supervisor to be gone; orders stay unread.

        Args:
            seconds: How long at most.

        Returns:
            Whether it is gone.
        """
        if self._endpoint is None:
            time.sleep(seconds)
            return False
        watched = select.poll()
        # No event is asked for: a hang-up is reported anyway.
        watched.register(self._endpoint, 0)
        return bool(watched.poll(seconds * 1000))

    def read_orders(self) -> list[Order] | None:
        """Return the orders since the last time; None: the supervisor is gone. May block."""
        assert self._endpoint is not None
        try:
            received = self._endpoint.recv(65536)
        except OSError:
            received = b""
        if not received:
            return None
        *lines, self._received = (self._received + received).split(b"\n")
        return [Order.from_line(line) for line in lines]
