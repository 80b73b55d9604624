"""Worker info: what a worker process stores about itself, for as long as it holds its lease."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

#: So a `restart_reason` begins that holds an exception: its class, ": ", and its text.
START_FAILURE = "cannot start: "


@dataclass(frozen=True)
class WorkerInfo:
    """A worker process."""

    node: str
    host: str
    process: int
    #: The process that started it: processes with the same parent are one worker.
    parent: int
    #: Sorted.
    queues: tuple[str, ...]
    #: How many tasks it runs at once.
    threads: int
    #: Seconds since the epoch.
    started: float
    #: Queues that commands have added, and cancelled: processes that are started later do the same.
    added: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    #: Whether it carries out commands.
    listens: bool = True
    #: Of taskhub.
    version: str = ""
    #: The names of the tasks and actors that it can run; sorted.
    tasks: tuple[str, ...] = ()
    #: How often its supervisor has started a process in the place of one of its number, and why the
    #: last time; None: it has no supervisor, or one of an older version.
    restarts: int | None = None
    restart_reason: str = ""

    @property
    def group(self) -> str:
        """The same text for all processes of one worker."""
        return f"{self.host}:{self.parent}"

    @property
    def restart_reason_without_text(self) -> str:
        """`restart_reason`, but of an exception only the class."""
        if not self.restart_reason.startswith(START_FAILURE):
            return self.restart_reason
        return ": ".join(self.restart_reason.split(": ")[:2])

    def to_text(self) -> str:
        """Return the form that is stored."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: bytes) -> WorkerInfo:
        """Read what `to_text` wrote, here or in a later version with more fields.

        Raises:
            ValueError: It is something else.
        """
        try:
            fields = {name: value for name, value in json.loads(text).items() if name in _FIELDS}
            for name in ("queues", "added", "cancelled", "tasks"):
                fields[name] = tuple(fields.get(name, ()))
            return cls(**fields)
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"not the worker info of a worker: {error}") from error


_FIELDS = frozenset(WorkerInfo.__dataclass_fields__)


def read_worker_infos(stored: Mapping[str, bytes]) -> dict[str, WorkerInfo]:
    """Return worker infos by worker, without those that cannot be read."""
    found: dict[str, WorkerInfo] = {}
    for worker, text in sorted(stored.items()):
        try:
            found[worker] = WorkerInfo.from_text(text)
        except ValueError:
            # Of a version with another format: it cannot be reached from here.
            continue
    return found
