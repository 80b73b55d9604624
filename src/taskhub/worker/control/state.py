"""Worker state: the first argument of commands, as Celery's `state`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from dramatiq.worker import Worker

from taskhub.engine.dramatiq import internals
from taskhub.engine.dramatiq.broker import EngineBroker
from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop
from taskhub.engine.port.claims import Claim
from taskhub.engine.port.engine import Engine
from taskhub.lamport_clock import LamportClock
from taskhub.worker.control.activity import Activity
from taskhub.worker.control.messages import Command
from taskhub.worker.ipc.client import SupervisorClient, supervisor_client
from taskhub.worker.leases.worker_info import WorkerInfo, read_worker_infos
from taskhub.worker.limits.executions import Executions
from taskhub.worker.limits.revoked_stamps import RevokedStamps
from taskhub.worker.node import AppOfWorker


class ControlledApp(AppOfWorker, Protocol):
    """The app of a worker, as far as commands use it; the facade's `Celery` is one."""

    @property
    def clock(self) -> LamportClock:
        """The logical clock of commands and replies."""
        ...

    @property
    def tasks(self) -> Mapping[str, Any]:
        """Its tasks by name."""
        ...

    @property
    def routes(self) -> Any:
        """The routes of its calls, and the queues that its configuration names."""
        ...

    def bugreport(self) -> str:
        """Return a text for bug reports: versions and settings."""
        ...


class WorkerState:
    """A worker process, as commands see it.

    Args:
        app: The app whose tasks run here.
        broker: Its broker.
        activity: The messages that run.
        executions: Ends tasks that run here.
    """

    #: As Celery's: makes a set of requests that may change meanwhile.
    tset: Callable[..., Any] = set

    def __init__(
        self,
        app: ControlledApp,
        broker: EngineBroker,
        activity: Activity,
        executions: Executions,
    ) -> None:
        #: The app whose tasks run here.
        self.app = app
        self.broker = broker
        self.activity = activity
        self.executions = executions
        #: Set when the worker starts.
        self.worker: Worker | None = None
        #: Queues that commands have added, and removed.
        self.added: set[str] = set()
        self.cancelled: set[str] = set()
        #: The command that is being carried out, and the id of its control message.
        self.command = Command(method="", sender="")
        self.message_id = ""

    @property
    def hostname(self) -> str:
        """The name of the node, e.g. "celery@host"."""
        return self.broker.nodename

    @property
    def stamps(self) -> RevokedStamps:
        """The stamps whose tasks are not begun here."""
        return self.executions.stamps

    @property
    def engine(self) -> Engine:
        """The store."""
        return self.broker.engine

    @property
    def exchange_loop(self) -> ExchangeLoop:
        """The exchange loop of the worker.

        Raises:
            RuntimeError: The worker is stopping.
        """
        worker = self.worker
        exchange_loop = (
            self.broker.exchange_loop if worker is None else self.broker.exchange_loop_of(worker)
        )
        if exchange_loop is None:
            raise RuntimeError("the worker is stopping")
        return exchange_loop

    @property
    def supervisor(self) -> SupervisorClient | None:
        """The client of the supervisor; None: there is none."""
        return supervisor_client()

    @property
    def waiting(self) -> list[Claim]:
        """The messages that this process holds and has not begun."""
        begun = {delivery.claim.key for delivery in self.activity.running}
        return [claim for claim in self.exchange_loop.claims if claim.key not in begun]

    def add_queue(self, queue: str) -> None:
        """Serve a queue, too, from now on."""
        worker = self.worker
        assert worker is not None
        internals.allow_queue(worker, queue)
        self.broker.declare_queue(queue)
        # A declared queue that the worker was not to serve has no consumer yet.
        internals.add_consumer(worker, queue)
        self.exchange_loop.add_queue(queue)
        self.added.add(queue)
        self.cancelled.discard(queue)

    def remove_queue(self, queue: str) -> bool:
        """Serve a queue no longer; returns whether it was served."""
        if not self.exchange_loop.remove_queue(queue):
            return False
        self.cancelled.add(queue)
        self.added.discard(queue)
        return True

    def reported_queues(self) -> set[str]:
        """Return the queues whose stored messages this process reports.

        What is in the store belongs to no worker. So that it is reported once, and not by each
        worker that might claim it, the first one does of those that serve the queue and got the
        command.
        """
        worker_infos = read_worker_infos(self.engine.worker_infos())
        return queues_to_report(
            worker_infos, self.command, self.exchange_loop.worker, self.exchange_loop.queues
        )

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"taskhub's workers have no {name!r}: commands have state.app, state.hostname, "
            "state.engine and state.activity"
        )


def queues_to_report(
    worker_infos: Mapping[str, WorkerInfo], command: Command, worker: str, queues: Iterable[str]
) -> set[str]:
    """Return those of a worker's queues that no worker before it, by node and name, reports.

    Args:
        worker_infos: Those of all live workers.
        command: The command that asks for a report.
        worker: The worker.
        queues: Its queues.
    """
    own = set(queues)
    node = worker_infos[worker].node if worker in worker_infos else ""
    for other, worker_info in worker_infos.items():
        if (
            other != worker
            and (worker_info.node, other) < (node, worker)
            and command.is_for(worker_info.node)
        ):
            own.difference_update(worker_info.queues)
    return own
