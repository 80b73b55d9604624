"""The part of the engine port for monitoring: a stream of events, and counts by the minute."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, NamedTuple

from taskhub.closable import Closable

#: The id before the first event, for `Monitoring.read_events`.
FROM_BEGINNING: Final = ""


class Event(NamedTuple):
    """An event as it is stored."""

    #: Orders it among all events; only the engine reads it.
    id: str
    #: JSON text; the engine does not read it.
    text: bytes


class EventReader(Closable, ABC):
    """Reads the stream in order; used by one thread at a time."""

    @abstractmethod
    def read(self, timeout: float) -> list[Event]:
        """Return the next events, as soon as there are any; none after `timeout` seconds.

        Events that were pushed out of the stream before they were read are missing.

        Raises:
            OperationalError: The store is out of reach; the next call goes on at the same
                event.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what reading holds."""


class Monitoring(ABC):
    """Events and counts. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def append_events(self, events: Sequence[str]) -> None:
        """Append events to the stream, which keeps about `EngineRules.events_kept`."""

    @abstractmethod
    def read_events(self, after: str | None = None) -> EventReader:
        """Return a reader of the events after an id; None: of those that come from now on."""

    @abstractmethod
    def current_minute(self) -> int:
        """Return the present minute, since the epoch, by the store's clock."""

    @abstractmethod
    def counts(self, minutes: Sequence[int]) -> list[dict[str, int]]:
        """Return counts of some minutes: fields as `statistics.tally` writes them, how often."""

    @abstractmethod
    def failures(self, minutes: Sequence[int]) -> list[dict[str, str]]:
        """Return failures of some minutes, as `statistics.failures` reads them."""
