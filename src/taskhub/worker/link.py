"""The link between a supervised process and its supervisor: a socket on which the process tells how it is.

The supervisor's end is closed when the supervisor is gone, however it ended, so that no process is left behind.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

#: The number of the link's descriptor.
LINK_VARIABLE = "TASKHUB_LINK"

#: `ready`: it works. `failed`: it cannot start. `stopped`: it ends, and this became of its tasks.
Kind = Literal["ready", "failed", "stopped"]


@dataclass(frozen=True)
class Report:
    """What a supervised process tells."""

    kind: Kind
    #: `failed`: one line that says what is wrong and how to mend it.
    message: str = ""
    #: `failed`: the user's own traceback, where the error is in their code.
    traceback: str = ""
    #: `failed`: what the supervisor should end with.
    exit_code: int = 1
    #: Of `ready`: what runs; of the others: how many tasks are concerned.
    facts: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> bytes:
        """Return the form that goes over the link."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Report:
        """Read back what `to_line` wrote."""
        return cls(**json.loads(line))


class Link:
    """The process's end of the link; without a supervisor, one that leads nowhere."""

    def __init__(self, connection: socket.socket | None) -> None:
        self._connection = connection

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
        """Becomes readable when the supervisor is gone."""
        return self._connection

    def tell(self, report: Report) -> None:
        """Send a report; nobody may be there to hear it."""
        if self._connection is not None:
            with contextlib.suppress(OSError):
                self._connection.sendall(report.to_line())
