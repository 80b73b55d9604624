"""The part of the engine port that reads without changing anything, in pages.

Times are in milliseconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, NamedTuple

from taskhub.message import Envelope


class QueueCounts(NamedTuple):
    """How many messages a queue holds."""

    ready: int
    #: Those that wait for their time.
    delayed: int
    #: Those that wait for a permit of the rate limiter.
    rate_limited: int = 0

    @property
    def total(self) -> int:
        """How many wait in any way."""
        return self.ready + self.delayed + self.rate_limited


class PausedQueue(NamedTuple):
    """Since when a queue is paused, and why."""

    #: Milliseconds since the epoch by the store's clock.
    since: int
    by: str
    reason: str


class Delayed(NamedTuple):
    """A message that waits for its time."""

    #: Milliseconds since the epoch.
    due: int
    envelope: Envelope


class Stored(NamedTuple):
    """A message that has not ended, and where it is.

    With neither a position nor a time, a worker holds it.
    """

    key: str
    envelope: Envelope
    #: How many messages of its queue are claimed before it; None: it is not ready.
    position: int | None
    #: Milliseconds since the epoch; None: it is not delayed.
    due: int | None
    #: When it gets its permit (`RateLimited.permit`); None: no rate limit holds it back.
    permit: int | None = None


class FoundMessages(NamedTuple):
    """What one step of a search has found."""

    keys: list[str]
    #: Where the next step begins; "": this was the last one.
    cursor: str


class RateLimited(NamedTuple):
    """A message that waits for a permit of the rate limiter."""

    #: The name whose rate limits it.
    task: str
    #: When it gets its permit at the present rate, milliseconds since the epoch; not before those
    #: of its task that stand before it.
    permit: int
    envelope: Envelope


class DeadLetter(NamedTuple):
    """A message that was given up."""

    key: str
    #: JSON text: what happened.
    reason: str
    #: None when the stored record could not be read.
    envelope: Envelope | None
    #: Milliseconds since the epoch at which it will be forgotten.
    expires: int


class Obstacle(NamedTuple):
    """Something in a store that keeps the engine from working."""

    #: `rights`: the user of the URL may not do what is needed. `key`: something else stands under a
    #: key that every worker needs; `queue`: under that of one queue. `full`: there is no memory
    #: left for new messages. `format`: another version has written the data, in a form that this
    #: one does not read.
    kind: Literal["rights", "key", "queue", "full", "format"]
    #: What is in the way, and where.
    detail: str
    #: What to do.
    remedy: str


class Inspection(ABC):
    """What is stored. Raises `OperationalError` as `Engine` does."""

    @abstractmethod
    def queues(self) -> dict[str, QueueCounts]:
        """Return the queues ever used and not forgotten, and how many messages each holds."""

    @abstractmethod
    def count_queues(self) -> dict[str, int]:
        """Return the queues that `queues` returns, and how many messages of each are ready."""

    @abstractmethod
    def count_delayed(self) -> dict[str, int]:
        """Return how many messages of each queue are delayed.

        That takes time in proportion to their number.
        """

    @abstractmethod
    def count_rate_limited(self) -> dict[str, int]:
        """Return how many messages of each queue wait for a permit of the rate limiter."""

    @abstractmethod
    def paused_queues(self) -> dict[str, PausedQueue]:
        """Return the queues that are paused (see `Administration.pause_queue`), sorted by name."""

    @abstractmethod
    def unfinished(self, queue: str) -> int:
        """Return how many messages of a queue have not ended: ready, delayed, or claimed.

        It reads all messages of the store: for tests.
        """

    @abstractmethod
    def waiting(self, queue: str, offset: int, limit: int) -> list[Envelope]:
        """Return a page of the ready messages of a queue, the next to be claimed first."""

    @abstractmethod
    def waiting_pages(self, pages: Sequence[tuple[str, int, int]]) -> list[list[Envelope]]:
        """Return pages of several queues, each given as queue, offset and limit of `waiting`."""

    @abstractmethod
    def oldest(self, queue: str) -> list[Envelope]:
        """Return the ready message of each priority that has waited longest in a queue."""

    @abstractmethod
    def longest_waits(self, queues: Sequence[str]) -> dict[str, int]:
        """Return for how long the ready message of each queue has waited that has waited longest.

        Milliseconds by the store's clock. Queues without a ready message, or whose messages
        something else has put there, are left out.
        """

    @abstractmethod
    def count_ready(self, queue: str) -> dict[int, int]:
        """Return how many messages of each priority are ready in a queue, the first one first."""

    @abstractmethod
    def stored(self, keys: Sequence[str]) -> list[Stored | None]:
        """Return messages that have not ended, by key; None where there is none."""

    @abstractmethod
    def find_keys(self, beginning: str, cursor: str = "") -> FoundMessages:
        """Return keys of stored messages that begin so, one step of a search.

        Args:
            beginning: Of the key.
            cursor: Of the step before; "": the search begins.
        """

    @abstractmethod
    def find_messages(self, texts: Sequence[str], cursor: str = "") -> FoundMessages:
        """Return keys of stored messages that contain one of some texts, one step of a search.

        Args:
            texts: Parts of an encoded message.
            cursor: Of the step before; "": the search begins.
        """

    @abstractmethod
    def delayed(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[Delayed]:
        """Return a page of the delayed messages, the soonest first; with `queues` of those only."""

    @abstractmethod
    def rate_limited(
        self, offset: int, limit: int, queues: Collection[str] | None = None
    ) -> list[RateLimited]:
        """Return a page of the messages that wait for permits, by task, the next of each first.

        With `queues` of those only.
        """

    @abstractmethod
    def rate_limited_pages(
        self, queues: Collection[str] | None = None
    ) -> Iterator[list[RateLimited]]:
        """Yield all that `rate_limited` returns, in pages of at most 500.

        Each page is one look, so one may be empty if messages of other queues stand there.
        """

    @abstractmethod
    def claimed(self, worker: str, offset: int, limit: int) -> list[Envelope]:
        """Return a page of the messages that a worker holds, by key."""

    @abstractmethod
    def dead_letters(self, offset: int, limit: int) -> list[DeadLetter]:
        """Return a page of the dead letters, the oldest first."""

    @abstractmethod
    def dead_letter(self, key: str) -> DeadLetter | None:
        """Return one dead letter; None: there is none of that key."""

    @abstractmethod
    def dead_keys(self, offset: int, limit: int) -> list[tuple[str, int]]:
        """Return a page of the keys of dead letters and when each expires, the oldest first."""

    @abstractmethod
    def dead_letters_of(self, keys: Sequence[str]) -> list[DeadLetter | None]:
        """Return dead letters by key; None where there is none."""

    @abstractmethod
    def dead_count(self) -> int:
        """Return how many dead letters there are."""

    @abstractmethod
    def revoked(self, offset: int, limit: int) -> list[str]:
        """Return a page of the ids of revoked tasks, those first that are forgotten first."""

    @abstractmethod
    def revoked_stamps(self) -> list[tuple[str, str]]:
        """Return the stamps (header, value) whose tasks are revoked."""

    @abstractmethod
    def workers(self) -> dict[str, int]:
        """Return the registered workers and the milliseconds left of their leases."""

    @abstractmethod
    def worker_infos(self) -> dict[str, bytes]:
        """Return the worker infos of workers whose leases stand (see `Engine.register_worker`)."""

    @abstractmethod
    def held(self, worker: str) -> dict[str, str]:
        """Return a worker's claims: key -> token."""

    @abstractmethod
    def obstacles(self, queues: Sequence[str] = ()) -> list[Obstacle]:
        """Try what the verbs of the engine need, changing nothing; return what prevents them.

        Args:
            queues: Queues to try beside those that hold messages.
        """

    @abstractmethod
    def format_obstacle(self) -> Obstacle | None:
        """Return the one of kind `format`, by a single read; None: this version reads the data."""

    @abstractmethod
    def ping(self) -> str:
        """Return what the server calls itself, e.g. "Valkey 9.1.2"."""
