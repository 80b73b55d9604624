"""How a worker is: what its supervisor answers to who asks, and what follows for those that look after containers."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from taskhub.worker.limits.deadlines import directory

#: A supervisor that does not answer for so long does not work, seconds.
ANSWER_TIMEOUT = 5.0
#: Processes look at the store every 2 s while they are idle; one that has had no answer for so long is late, seconds.
LATE_AFTER = 30.0
_PREFIX = "worker-"


@dataclass(frozen=True)
class ProcessStatus:
    """How one worker process is."""

    process: int
    ready: bool
    #: Tasks in hand.
    held: int = 0
    #: Seconds since the store answered, and whether its last answer was no error.
    answered: float = 0.0
    reachable: bool = True
    #: Its number, from 1; one that replaces another has the same.
    number: int = 0
    #: How many tasks it runs at once.
    threads: int = 0


@dataclass(frozen=True)
class WorkerStatus:
    """How a worker is."""

    nodename: str
    #: Its supervisor.
    process: int
    #: How many processes there should be.
    wanted: int
    stopping: bool
    processes: tuple[ProcessStatus, ...]
    #: How often the process of each number was started.
    starts: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the text that is sent."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> WorkerStatus:
        """Read back what `to_json` wrote.

        Raises:
          ValueError, TypeError, KeyError: it is something else.
        """
        told: dict[str, Any] = json.loads(text)
        found = tuple(ProcessStatus(**_known(ProcessStatus, each)) for each in told["processes"])
        values: dict[str, Any] = {**_known(cls, told), "processes": found}
        return cls(**values)

    @property
    def ready(self) -> list[ProcessStatus]:
        """The processes that work."""
        return [found for found in self.processes if found.ready]

    @property
    def unreadiness(self) -> str | None:
        """Why it takes no tasks at present; None: it does."""
        if self.stopping:
            return "it is stopping"
        if not self.ready:
            return f"none of its {self.wanted} processes is ready"
        if not any(found.reachable for found in self.ready):
            return f"none of its {len(self.ready)} processes reaches the store"
        # One that is busy has nothing to ask the store for.
        if all(found.answered > LATE_AFTER and not found.held for found in self.ready):
            return f"the store has not answered for {min(f.answered for f in self.ready):.0f} s"
        return None

    @property
    def summary(self) -> str:
        """One line for people."""
        held = sum(found.held for found in self.processes)
        text = f"{self.nodename} (process {self.process}): {len(self.ready)} of {self.wanted} processes ready"
        if self.ready:
            text += f", {held} tasks in hand, store answered {min(f.answered for f in self.ready):.1f} s ago"
        return text


def _known(kind: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what another version of the supervisor tells besides."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


class StatusServer:
    """The supervisor's end: a socket on which it answers.

    Parameters:
      status: returns the answer.
    """

    def __init__(self, status: Callable[[], WorkerStatus]) -> None:
        self._status = status
        self.address = directory() / f"{_PREFIX}{os.getpid()}.sock"
        with contextlib.suppress(FileNotFoundError):
            self.address.unlink()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.fspath(self.address))
        self.listener.listen(16)
        self.listener.setblocking(False)

    def answer(self) -> None:
        """Answer whoever has asked."""
        with contextlib.suppress(OSError):
            connection, _ = self.listener.accept()
            with connection:
                connection.settimeout(1.0)
                connection.sendall(self._status().to_json().encode())

    def close(self) -> None:
        """Answer no more."""
        self.listener.close()
        with contextlib.suppress(FileNotFoundError):
            self.address.unlink()


def running() -> list[int]:
    """Return the supervisors of this user that may be running on this host."""
    found = directory().glob(f"{_PREFIX}*.sock")
    return sorted(int(path.stem.removeprefix(_PREFIX)) for path in found)


def ask(process: int) -> WorkerStatus | None:
    """Return how the worker of a supervisor is; None: there is no such supervisor.

    Raises:
      TimeoutError: it does not answer.
      ValueError, TypeError, KeyError: it answers something else.
    """
    address = directory() / f"{_PREFIX}{process}.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_TIMEOUT)
        try:
            connection.connect(os.fspath(address))
        except (FileNotFoundError, ConnectionRefusedError):
            # Left behind by one that was killed.
            with contextlib.suppress(OSError):
                address.unlink()
            return None
        received = b""
        try:
            while part := connection.recv(65536):
                received += part
        except ConnectionResetError:
            # It ended before it came to the question.
            return None
    return WorkerStatus.from_json(received.decode())
