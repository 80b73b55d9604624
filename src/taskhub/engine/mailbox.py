"""The part of the engine port that carries commands to workers, and their replies back.

Commands are broadcast: every inbox gets every letter, whoever it is for. What is written in them is not known here.
Times are in milliseconds unless a parameter says otherwise.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import NamedTuple, Self


class Letter(NamedTuple):
    """One command, as it was posted."""

    #: Names it among all letters of a store.
    id: str
    text: bytes
    #: How long ago it was posted, by the store's clock.
    age: int


class Inbox(ABC):
    """Receives what is posted; used by one thread at a time."""

    #: The last letter that was received, or before which nothing is wanted.
    last: str

    @abstractmethod
    def wait(self, timeout: float) -> list[Letter]:
        """Return what has been posted, after up to `timeout` seconds or until `wake`; empty if there is nothing.

        Raises:
          OperationalError: the store is out of reach. Another inbox that begins after `last` misses nothing.
        """

    @abstractmethod
    def wake(self) -> None:
        """End a `wait` of another thread, or else the next one, at once."""

    @abstractmethod
    def close(self) -> None:
        """Free what the inbox holds."""


class Replies(ABC):
    """Receives the replies to one letter; used by one thread."""

    @abstractmethod
    def wait(self, timeout: float) -> bytes | None:
        """Return the next reply; None: there was none within `timeout` seconds.

        Raises:
          OperationalError: the store is out of reach.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what it holds."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Mailbox(ABC):
    """Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def post(self, text: str) -> None:
        """Send a letter to every inbox that is open, or is opened again after it was out of reach."""

    @abstractmethod
    def inbox(self, after: str | None = None) -> Inbox:
        """Return an inbox for what is posted after this letter; None: from now on."""

    @abstractmethod
    def reply(self, ticket: str, text: str) -> None:
        """Send a reply to whoever waits for replies with this ticket; forgotten if nobody fetches it for a minute."""

    @abstractmethod
    def replies(self, ticket: str) -> Replies:
        """Return what receives the replies with this ticket; a random text that only its letter names."""

    @abstractmethod
    def take(self, errand: str) -> bool:
        """Return whether this is the first to take an errand: what only one of several receivers is to do."""
