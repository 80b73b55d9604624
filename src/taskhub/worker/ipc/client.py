"""Supervisor client: what code in a worker process asks its supervisor for.

That is another process in its place, more or fewer processes, a reload, an end. Any code finds the
client by `supervisor_client()`; under Dramatiq's command line there is none.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from taskhub.engine.dramatiq.suspect_isolation import SuspectEvent
from taskhub.worker.ipc.connection import Report, SupervisorConnection

#: `grow`, `shrink` take `number`; `autoscale` takes `most` and `least`; `reload` and `stop` take
#: nothing.
RequestKind = Literal["grow", "shrink", "autoscale", "reload", "stop"]


@dataclass(frozen=True)
class PoolState:
    """The processes of a worker, as the supervisor last reported them."""

    #: Process ids of those that work, in the order of their numbers.
    processes: tuple[int, ...] = ()
    #: The bounds between which their number follows the backlog; None: it is fixed.
    most: int | None = None
    least: int | None = None

    @classmethod
    def from_facts(cls, facts: dict[str, Any]) -> PoolState:
        """Read the facts of an order `pool`."""
        return cls(tuple(facts["processes"]), facts.get("most"), facts.get("least"))


class SupervisorClient:
    """A worker process's requests to its supervisor; any thread may use it.

    Args:
        connection: The socket to the supervisor.
    """

    def __init__(self, connection: SupervisorConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._replacement_requested = False
        #: Threads that are stuck; nobody waits for them when the process ends.
        self.abandoned: set[threading.Thread] = set()
        #: How many messages are held whose outcome will never be known here.
        self.lost_count = 0
        #: How often the process of this number was restarted; None: no supervisor counts.
        self.restarts = connection.restarts
        #: Whether the worker goes on without this process, which another replaces or none has to.
        self.is_retiring = False
        #: The pool that this process is part of.
        self.pool = PoolState()

    def request_replacement(
        self, reason: str, *, abandoned: Iterable[threading.Thread] = (), lost_count: int = 0
    ) -> None:
        """Have another process started in place of this one; a second request changes nothing.

        This process goes on until the new one is ready. Then it claims nothing more, finishes what
        runs, however long that takes, requeues the rest, and ends.

        Args:
            reason: Why, for the log, e.g. "it has run 100 tasks".
            abandoned: Threads that are stuck.
            lost_count: How many messages these hold whose outcome was not given to the exchange
                loop. They are requeued when everything else has ended.
        """
        with self._lock:
            self.abandoned.update(abandoned)
            self.lost_count += lost_count
            requested, self._replacement_requested = self._replacement_requested, True
        if not requested:
            self._connection.send_report(Report("replace", reason))

    def report_suspect(self) -> None:
        """Report that a message may end this process: then it is restarted without a pause."""
        self._connection.send_report_unless_blocked(Report("suspect"))

    def request(self, kind: RequestKind, *, request_id: str, **arguments: int) -> None:
        """Request something that concerns the whole worker.

        Args:
            kind: What.
            request_id: The same for a request that several processes pass on: it is done once.
            arguments: See `RequestKind`.
        """
        facts: dict[str, Any] = {"request_id": request_id, **arguments}
        self._connection.send_report(Report("request", kind, facts=facts))


_client: SupervisorClient | None = None


def supervisor_client() -> SupervisorClient | None:
    """Return this process's client; None: it has no supervisor."""
    return _client


def notify_supervisor(event: SuspectEvent) -> None:
    """Report a suspect to the supervisor, if there is one, or request another process."""
    if _client is None:
        return
    if event is SuspectEvent.NO_ROOM:
        _client.request_replacement(event.value)
    else:
        _client.report_suspect()


def install_client(connection: SupervisorConnection) -> SupervisorClient:
    """Make the client of this process."""
    global _client
    _client = SupervisorClient(connection)
    return _client
