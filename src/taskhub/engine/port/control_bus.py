"""The part of the engine port that carries control messages to workers, and their replies back.

Control messages are broadcast: every subscription receives every message, also those for others.
The engine does not read them. Times are in milliseconds unless a parameter says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from taskhub.closable import Closable


class ControlMessage(NamedTuple):
    """One command, as it was published."""

    #: Identifies it among all control messages of a store.
    id: str
    text: bytes
    #: How long ago it was published, by the store's clock.
    elapsed: int


class ControlSubscription(ABC):
    """Receives control messages; used by one thread at a time."""

    #: The last message that was received, or before which nothing is wanted.
    last_id: str

    @abstractmethod
    def receive(self, timeout: float) -> list[ControlMessage]:
        """Return what has been published, after up to `timeout` seconds or until `interrupt`.

        Raises:
            OperationalError: The store is out of reach. Another subscription that begins after
                `last_id` misses nothing.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """End a `receive` of another thread, or else the next one, at once."""

    @abstractmethod
    def close(self) -> None:
        """Free what the subscription holds."""


class ReplyCollector(Closable, ABC):
    """Receives the replies to one control message; used by one thread."""

    @abstractmethod
    def receive(self, timeout: float) -> bytes | None:
        """Return the next reply; None: there was none within `timeout` seconds.

        Raises:
            OperationalError: The store is out of reach.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what it holds."""


class ControlBus(ABC):
    """Control messages and replies. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def publish_command(self, text: str) -> None:
        """Publish a control message to every subscription, also to one that reconnects soon."""

    @abstractmethod
    def subscribe(self, after: str | None = None) -> ControlSubscription:
        """Return a subscription to what is published after this message; None: from now on."""

    @abstractmethod
    def send_reply(self, reply_to: str, text: str) -> None:
        """Send a reply to the collector of this address; it is kept for a minute."""

    @abstractmethod
    def collect_replies(self, reply_to: str) -> ReplyCollector:
        """Return the collector of this reply address: a random text that only its message names."""

    @abstractmethod
    def claim_once(self, name: str) -> bool:
        """Return whether this is the first claim of a name: what only one of several is to do."""
