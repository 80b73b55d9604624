"""What a worker process is told by the command that starts it."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class WorkerPlan:
    """How one worker process is to run."""

    #: Where the app is found: a module, or a module and an attribute.
    app: str
    #: Its number among the processes of this supervisor, from 1.
    number: int
    #: How many processes there are.
    processes: int
    #: Threads; None: by the setting `worker_concurrency`, otherwise 8.
    threads: int | None
    #: The only queues to serve; empty: all that the app knows.
    queues: tuple[str, ...]
    #: What the worker is called in inspection and results.
    nodename: str
    #: The level of log lines, e.g. "INFO".
    loglevel: str
    #: The file that log lines are appended to; None: they go to stderr.
    logfile: str | None
    #: With a log file: log lines go to stderr as well.
    log_to_terminal: bool
    #: Seconds that tasks may go on when the process is asked to stop.
    shutdown_timeout: float
    #: Whether to warn that no store is configured.
    announce_store: bool = True

    def to_json(self) -> str:
        """Return the text that goes onto a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> WorkerPlan:
        """Read back what `to_json` wrote."""
        fields: dict[str, Any] = json.loads(text)
        fields["queues"] = tuple(fields["queues"])
        return cls(**fields)


def expand_nodename(pattern: str | None, host: str | None = None) -> str:
    """Return a node name; as Celery's `--hostname`, with %h (host), %n (its first part) and %d (the rest).

    A name without `@` is that of the worker on this host.
    """
    host = host or socket.gethostname()
    name, _, domain = host.partition(".")
    pattern = pattern or "celery@%h"
    if "@" not in pattern:
        pattern = f"{pattern}@%h"
    expanded = pattern
    for mark, value in (("%h", host), ("%n", name), ("%d", domain)):
        expanded = expanded.replace(mark, value)
    return expanded
