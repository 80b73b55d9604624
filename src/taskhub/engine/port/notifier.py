"""The part of the engine port on which an idle thread waits for work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple

from taskhub.engine.port.claims import Claim


class ScheduleTopic(NamedTuple):
    """Notifications to schedulers, beside those of queues.

    `leader` is notified when stored entries change, `standby` when the leader resigns.
    """

    #: Whose periodic jobs: the name of the app.
    app: str
    role: Literal["leader", "standby"]


#: What a notifier waits for: messages in a queue, by its name, or a change for schedulers.
Topic = str | ScheduleTopic


class Receiver(NamedTuple):
    """A worker for which an engine may claim messages when they are enqueued, and send them."""

    worker: str
    #: It is sent messages while it holds fewer than so many.
    room: int


class Notifier(ABC):
    """Blocks until one of some topics has news; used by one thread at a time."""

    @abstractmethod
    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        """Wait up to `timeout` seconds, or until `interrupt`; return whether a notification came.

        Args:
            timeout: Seconds.
            listen: Whether a new wait for work begins; without, only `interrupt` or the
                notification of an earlier wait ends it early.

        Raises:
            OperationalError: The store is out of reach.
        """

    @abstractmethod
    def poll(self) -> bool:
        """Take a notification that has come already, without waiting; return whether there was one.

        Raises:
            OperationalError: The store is out of reach.
        """

    @property
    def is_receiving(self) -> bool:
        """Whether the receiver is sent messages: those that it has not got yet are claimed, too."""
        return False

    def receive(self) -> Sequence[Claim]:
        """Return the messages that were claimed for the receiver and sent; does not wait.

        Raises:
            OperationalError: The connection broke: some may have been lost (`Engine.reconcile`).
        """
        return ()

    def stop_receiving(self) -> None:  # noqa: B027 - most engines send nothing
        """Have the receiver sent nothing more; what was sent already still arrives."""

    def drop_received(self) -> None:  # noqa: B027 - most engines send nothing
        """Drop what was sent and not received; called when `Engine.reconcile` has requeued it.

        The next wait that listens begins anew.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """End a `wait` of another thread, or else the next one, at once."""

    @abstractmethod
    def close(self) -> None:
        """Free what the notifier holds."""
