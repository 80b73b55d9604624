"""The part of the engine port for those who watch: a capped stream of events, and counts of endings by the minute."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import NamedTuple

#: Where a stream begins, for `Monitoring.events`.
BEGINNING = "0-0"


class Event(NamedTuple):
    """An event as it is stored."""

    #: Its place in the stream, for `Monitoring.events`.
    place: str
    #: JSON text; the engine does not open it.
    text: bytes


class Events(ABC):
    """Reads the stream from one place on; used by one thread at a time."""

    @abstractmethod
    def read(self, timeout: float) -> list[Event]:
        """Return what comes next, as soon as something does; nothing after `timeout` seconds.

        Events that were pushed out of the stream before they were read are passed over.

        Raises:
          OperationalError: the store is out of reach; the next call goes on from the same place.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what reading holds."""

    def __enter__(self) -> Events:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Monitoring(ABC):
    """What is told and counted while tasks run. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def tell(self, events: Sequence[str]) -> None:
        """Append events to the stream, which keeps about `EngineRules.events_kept`."""

    @abstractmethod
    def events(self, after: str | None = None) -> Events:
        """Return a reader of the events behind a place; None: of those that come from now on."""

    @abstractmethod
    def minute(self) -> int:
        """Return the present minute, since the epoch, by the store's clock."""

    @abstractmethod
    def counts(self, minutes: Sequence[int]) -> list[dict[str, int]]:
        """Return what was counted in some minutes: fields as `statistics.tally` writes them, and how often."""

    @abstractmethod
    def failures(self, minutes: Sequence[int]) -> list[dict[str, str]]:
        """Return what tasks failed with in some minutes: fields and values as `statistics.failures` reads them."""
