"""The part of the engine port on which an idle thread waits for work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal, NamedTuple


class ScheduleTopic(NamedTuple):
    """Notifications to schedulers, beside those of queues.

    `leader` is notified when stored entries change, `standby` when the leader resigns.
    """

    #: Whose periodic jobs: the name of the app.
    app: str
    role: Literal["leader", "standby"]


#: What a notifier waits for: messages in a queue, by its name, or a change for schedulers.
Topic = str | ScheduleTopic


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

    @abstractmethod
    def interrupt(self) -> None:
        """End a `wait` of another thread, or else the next one, at once."""

    @abstractmethod
    def close(self) -> None:
        """Free what the notifier holds."""
