"""What commands work on: the first argument of each, as Celery's `state`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from dramatiq.worker import Worker

from taskhub.engine.broker import EngineBroker
from taskhub.engine.courier import Courier
from taskhub.engine.port import Claim, Engine
from taskhub.worker.activity import Activity
from taskhub.worker.card import Card, read_cards
from taskhub.worker.clock import LamportClock
from taskhub.worker.commands.letter import Command
from taskhub.worker.limits.executions import Executions
from taskhub.worker.node import AppOfWorker
from taskhub.worker.stamps import RevokedStamps
from taskhub.worker.supervised import Supervision, supervision


class ControlledApp(AppOfWorker, Protocol):
    """What commands ask of an app; the facade's `Celery` is one."""

    @property
    def clock(self) -> LamportClock:
        """Orders the commands and replies that it takes part in."""
        ...

    @property
    def tasks(self) -> Mapping[str, Any]:
        """Its tasks by name."""
        ...

    @property
    def amqp(self) -> Any:
        """The queues that its configuration names, as `amqp.queues`."""
        ...

    def bugreport(self) -> str:
        """Return what is to be told with a bug: versions and settings."""
        ...


class WorkerState:
    """This process, as its commands see it.

    Parameters:
      app: the app whose tasks run here.
      broker: what this process works on.
      activity: what it is busy with.
      executions: ends tasks that run here.
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
        #: Set when the worker begins.
        self.worker: Worker | None = None
        #: Queues that commands have added, and cancelled.
        self.added: set[str] = set()
        self.cancelled: set[str] = set()
        #: The command that is being carried out, and the name of its letter.
        self.command = Command(method="", sender="")
        self.letter = ""

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
    def courier(self) -> Courier:
        """What carries messages to this process.

        Raises:
          RuntimeError: the process is ending.
        """
        courier = self.broker.courier
        if courier is None:
            raise RuntimeError("the worker is stopping")
        return courier

    @property
    def supervision(self) -> Supervision | None:
        """The way to the supervisor; None: there is none."""
        return supervision()

    @property
    def waiting(self) -> list[Claim]:
        """The messages that this process holds and has not begun."""
        begun = {delivery.claim.key for delivery in self.activity.running}
        return [claim for claim in self.courier.claims if claim.key not in begun]

    def serve(self, queue: str) -> None:
        """Serve this queue, too, from now on."""
        worker = self.worker
        assert worker is not None
        if worker.consumer_whitelist:
            worker.consumer_whitelist.add(queue)
        self.broker.declare_queue(queue)
        # Where it was declared, but not among those that were asked for, nobody consumes it yet.
        worker._add_consumer(queue)
        self.courier.serve(queue)
        self.added.add(queue)
        self.cancelled.discard(queue)

    def leave(self, queue: str) -> bool:
        """Serve this queue no longer; returns whether it was served."""
        if not self.courier.leave(queue):
            return False
        self.cancelled.add(queue)
        self.added.discard(queue)
        return True

    def speaks_for(self) -> set[str]:
        """Return the queues of this process of which it is the one to tell.

        What lies in the store belongs to no worker. So that it is told once, and not by each worker that might take it,
        the first one tells of those that serve the queue and are asked.
        """
        cards = read_cards(self.engine.cards())
        return spoken_for(cards, self.command, self.courier.worker, self.courier.queues)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"taskhub's workers have no {name!r}: commands have state.app, state.hostname, state.engine and "
            "state.activity"
        )


def spoken_for(
    cards: Mapping[str, Card], command: Command, worker: str, queues: Iterable[str]
) -> set[str]:
    """Return those of a worker's queues that none before it, by node and name, serves and is asked about."""
    own = set(queues)
    node = cards[worker].node if worker in cards else ""
    for other, card in cards.items():
        if other != worker and (card.node, other) < (node, worker) and command.is_for(card.node):
            own.difference_update(card.queues)
    return own
