"""Status of a worker: what its supervisor answers to health checks, on a socket."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
from collections.abc import Callable, Generator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from taskhub.humanize import counted
from taskhub.worker.runtime_directory import runtime_directory

#: A supervisor that does not answer for so long does not work, seconds.
ANSWER_TIMEOUT = 5.0
#: Processes read from the store every 2 s while they are idle; one that has had no reply for so
#: long is late, seconds.
LATE_AFTER = 30.0
_PREFIX = "worker-"


@dataclass(frozen=True)
class ProcessStatus:
    """Status of one worker process."""

    process: int
    ready: bool
    #: Messages that it holds.
    held: int = 0
    #: Seconds since the store replied, and whether its last reply was no error.
    answered: float = 0.0
    reachable: bool = True
    #: Its number, from 1; one that replaces another has the same.
    number: int = 0
    #: How many tasks it runs at once.
    threads: int = 0


@dataclass(frozen=True)
class WorkerStatus:
    """Status of a worker."""

    nodename: str
    #: Its supervisor.
    process: int
    #: How many processes there should be.
    wanted: int
    stopping: bool
    processes: tuple[ProcessStatus, ...]
    #: How often a process of each number took the place of another.
    restarts: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the text that is sent."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> WorkerStatus:
        """Read back what `to_json` wrote.

        Raises:
            ValueError, TypeError, KeyError: It is something else.
        """
        read: dict[str, Any] = json.loads(text)
        found = tuple(ProcessStatus(**_known(ProcessStatus, each)) for each in read["processes"])
        values: dict[str, Any] = {**_known(cls, read), "processes": found}
        return cls(**values)

    @property
    def ready(self) -> list[ProcessStatus]:
        """The processes that work."""
        return [found for found in self.processes if found.ready]

    @property
    def unreadiness(self) -> str | None:
        """Why it processes no tasks at present; None: it does."""
        if self.stopping:
            return "it is stopping"
        if not self.ready:
            return f"no process of {self.wanted} is ready"
        if not any(found.reachable for found in self.ready):
            return f"no process of {len(self.ready)} reaches the store"
        # One that is busy has nothing to ask the store for.
        if all(found.answered > LATE_AFTER and not found.held for found in self.ready):
            return f"the store has not answered for {min(f.answered for f in self.ready):.0f} s"
        return None

    @property
    def summary(self) -> str:
        """One line for people."""
        held = sum(found.held for found in self.processes)
        text = (
            f"{self.nodename} (process {self.process}): "
            f"{len(self.ready)} of {counted(self.wanted, 'process', 'processes')} ready"
        )
        if self.ready:
            answered = min(found.answered for found in self.ready)
            text += f", {counted(held, 'task')} in hand, store answered {answered:.1f} s ago"
        return text


def _known(kind: type[Any], values: dict[str, Any]) -> dict[str, Any]:
    """Leave out the fields of another version."""
    names = {each.name for each in fields(kind)}
    return {name: value for name, value in values.items() if name in names}


class StatusServer:
    """The socket on which a supervisor answers health checks.

    Args:
        status: Returns the answer.
    """

    def __init__(self, status: Callable[[], WorkerStatus]) -> None:
        self._status = status
        self.address = _address(os.getpid())
        with contextlib.suppress(FileNotFoundError):
            self.address.unlink()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.fspath(self.address))
        self.listener.listen(16)
        self.listener.setblocking(False)

    def answer(self) -> None:
        """Answer the next health check."""
        with contextlib.suppress(OSError):
            connection, _ = self.listener.accept()
            with connection:
                connection.settimeout(1.0)
                connection.sendall(self._status().to_json().encode())

    def close(self) -> None:
        """Close the socket."""
        self.listener.close()
        with contextlib.suppress(FileNotFoundError):
            self.address.unlink()


@contextlib.contextmanager
def status_served(
    selector: selectors.BaseSelector, status: Callable[[], WorkerStatus]
) -> Generator[None]:
    """Answer health checks during a block, whenever the selector finds one.

    Raises:
        OSError: The socket cannot be made; nothing was begun.
    """
    server = StatusServer(status)
    selector.register(server.listener, selectors.EVENT_READ, server.answer)
    try:
        yield
    finally:
        selector.unregister(server.listener)
        server.close()


def find_supervisors() -> list[int]:
    """Return the supervisors of this user that may be running on this host."""
    found = runtime_directory().glob(f"{_PREFIX}*.sock")
    return sorted(int(path.stem.removeprefix(_PREFIX)) for path in found)


def read_status(process: int) -> WorkerStatus | None:
    """Return the status of the worker of a supervisor; None: there is no such supervisor.

    Raises:
        TimeoutError: It does not answer.
        ValueError, TypeError, KeyError: It answers something else.
    """
    address = _address(process)
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
            # It ended before it answered.
            return None
    return WorkerStatus.from_json(received.decode())


def _address(process: int) -> Path:
    return runtime_directory() / f"{_PREFIX}{process}.sock"
