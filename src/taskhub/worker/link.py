"""The link between a supervised process and its supervisor: a socket on which the process tells how it is,
and the supervisor what is to be done.

The supervisor's end is closed when the supervisor is gone, however it ended, so that no process is left behind.
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
from typing import Any, Literal

#: The number of the link's descriptor.
LINK_VARIABLE = "TASKHUB_LINK"

#: `ready`: it works. `pulse`: it lives, and so it is. `replace`: another process shall take its place. `request`: it
#: asks something for the whole worker. `failed`: it cannot start. `stopped`: it ends, and this became of its tasks.
Kind = Literal["ready", "pulse", "replace", "request", "failed", "stopped"]


@dataclass(frozen=True)
class Report:
    """What a supervised process tells."""

    kind: Kind
    #: `failed`: one line that says what is wrong and how to mend it. `replace`: why. `request`: what is asked for.
    message: str = ""
    #: `failed`: the user's own traceback, where the error is in their code.
    traceback: str = ""
    #: `failed`: what the supervisor should end with.
    exit_code: int = 1
    #: Of `ready`: what runs; of `request`: its arguments; of the others: how many tasks are concerned.
    facts: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> bytes:
        """Return the form that goes over the link."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Report:
        """Read back what `to_line` wrote."""
        return cls(**json.loads(line))


@dataclass(frozen=True)
class Order:
    """What a supervisor tells a process."""

    #: `retire`: finish what runs, however long it takes, and end. `pool`: so many processes there are now.
    kind: Literal["retire", "pool"]
    facts: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> bytes:
        """Return the form that goes over the link."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Order:
        """Read back what `to_line` wrote."""
        return cls(**json.loads(line))


class Link:
    """The process's end of the link; without a supervisor, one that leads nowhere. Any thread may tell."""

    def __init__(self, connection: socket.socket | None) -> None:
        self._connection = connection
        self._telling = threading.Lock()
        self._received = b""

    @classmethod
    def from_environment(cls) -> Link:
        """Return the link that the supervisor has laid, and hide it from the programs that tasks start."""
        number = os.environ.pop(LINK_VARIABLE, None)
        if number is None:
            return cls(None)
        connection = socket.socket(fileno=int(number))
        connection.set_inheritable(False)
        return cls(connection)

    @property
    def connection(self) -> socket.socket | None:
        """Becomes readable when the supervisor orders something, or is gone."""
        return self._connection

    def tell(self, report: Report) -> None:
        """Send a report; nobody may be there to hear it."""
        if self._connection is not None:
            with self._telling, contextlib.suppress(OSError):
                self._connection.sendall(report.to_line())

    def tell_if_heard(self, report: Report) -> None:
        """Send a report, unless the supervisor has stopped listening: then the sender would wait for it."""
        if self._connection is not None and select.select((), (self._connection,), (), 0)[1]:
            self.tell(report)

    def is_cut_within(self, seconds: float) -> bool:
        """Wait so long for the supervisor to be gone; returns whether it is. What it orders is left to be read."""
        if self._connection is None:
            time.sleep(seconds)
            return False
        watched = select.poll()
        # Whatever is asked for, a hang-up is told.
        watched.register(self._connection, 0)
        return bool(watched.poll(seconds * 1000))

    def orders(self) -> list[Order] | None:
        """Return what has been ordered since the last time; None: the supervisor is gone. May block."""
        assert self._connection is not None
        try:
            received = self._connection.recv(65536)
        except OSError:
            received = b""
        if not received:
            return None
        *lines, self._received = (self._received + received).split(b"\n")
        return [Order.from_line(line) for line in lines]
