"""The plan of a worker process: what the command that starts it passes on to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from taskhub.worker.supervisor.concurrency import ConcurrencyOptions


@dataclass(frozen=True, kw_only=True)
class WorkerPlan:
    """The options of one worker process."""

    #: Where the app is found: a module, or a module and an attribute.
    app: str
    #: The worker's name in inspection and results.
    nodename: str
    #: Its number among the processes of this supervisor, from 1.
    number: int = 1
    #: What the command line says of the number of processes and threads.
    concurrency: ConcurrencyOptions = field(default_factory=ConcurrencyOptions)
    #: The only queues to serve; empty: all that the app knows, or under the name `celery` all that
    #: its settings name.
    queues: tuple[str, ...] = ()
    #: Queues that are not served, even if the app knows them.
    excluded_queues: tuple[str, ...] = ()
    #: Modules to be imported besides those that the app names.
    include: tuple[str, ...] = ()
    #: The level of log lines, e.g. "INFO".
    loglevel: str
    #: The file that log lines are appended to, with marks (see `nodename.expand_path`); None: they
    #: go to stderr.
    logfile: str | None = None
    #: The name of a log file besides, in the directory of the development store, which the app's
    #: settings name.
    home_log: str | None = None
    #: "json": every log line is an object of JSON; None: as the app's settings say.
    log_format: str | None = None
    #: Seconds that tasks may go on when the process is asked to stop; None: as
    #: `worker_shutdown_timeout`.
    shutdown_timeout: float | None = None
    #: Settings of the command line, which go before the app's.
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: The program whose command started it, as commands that errors suggest name it.
    program: str = "taskhub"
    #: Options of the command that started it, for the commands that errors suggest; no secrets.
    given: Mapping[str, str | None] = field(default_factory=dict)
    #: Whether to warn that no store is configured.
    announce_store: bool = True
    #: Whether it is the one process that logs warnings about the settings.
    logs_warnings: bool = True

    def to_json(self) -> str:
        """Return the text that goes onto a command line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> WorkerPlan:
        """Read back what `to_json` wrote."""
        fields: dict[str, Any] = json.loads(text)
        for name in ("queues", "excluded_queues", "include"):
            fields[name] = tuple(fields[name])
        fields["concurrency"] = ConcurrencyOptions(**fields["concurrency"])
        return cls(**fields)
