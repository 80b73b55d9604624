"""The part of the engine port that keeps periodic jobs: which there are, when each ran last, and who sets them going.

What a stored entry says is not known here. Times are in milliseconds of the store's clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from taskhub.message import Envelope

#: A tick that lies further ahead of the store's clock, ms, was dealt with before the clock was put back.
AHEAD: Final = 60_000
#: So many ticks of one entry may wait behind a run; further ones are skipped.
MOST_BEHIND: Final = 1000
#: So many notes about changes are kept.
NOTES: Final = 1000

#: What becomes of a tick while the run before it waits or runs.
Overlap = Literal["allow", "skip", "queue"]

#: `sent`: its messages are stored. `behind`: they will be, when the run before has ended. `skipped`: they are not,
#: because of that run. `passed`: it had none. `done`: it, or a later one, was dealt with before. `fenced`: another
#: scheduler leads.
TickFate = Literal["sent", "behind", "skipped", "passed", "done", "fenced"]


#: `keep`: they go on as they were. `restart`: those up to now are dealt with. `forget`: there were none, and what waits
#: behind a run is dropped.
Ticks = Literal["keep", "restart", "forget"]


class Leadership(NamedTuple):
    """The reply to one who leads, or would."""

    #: Proves the leadership; 0: somebody else leads.
    token: int
    #: Who leads.
    holder: str
    #: The present, by the store's clock.
    now: int
    #: Grows with every change of the stored entries.
    version: int


class Tick(NamedTuple):
    """One instant at which an entry runs."""

    entry: str
    #: None: out of turn; the entry's ticks go on as if nothing had been.
    at: int | None
    #: The id of its run: that of the first message.
    task_id: str = ""
    #: Empty: nothing is to be sent, but this tick and those before it are dealt with.
    messages: Sequence[Envelope] = ()
    overlap: Overlap = "allow"


class LastRun(NamedTuple):
    """What is known of an entry's last run, and of those before."""

    #: The last tick that was dealt with.
    tick: int
    #: The id of the last run; "" if there was none.
    task_id: str
    #: When it was sent; 0 if there was none.
    at: int
    #: How many runs there were.
    sent: int
    #: How many ticks were skipped because of a run before them.
    skipped: int
    #: Whether the last run still waits or runs.
    unfinished: bool
    #: How many ticks wait behind it.
    behind: int


class StoredEntries(NamedTuple):
    """The stored entries by name, and which version of them."""

    version: int
    documents: dict[str, bytes]


class Timetable(ABC):
    """The periodic jobs of one app. Raises `OperationalError` as `Engine` does.

    Parameters:
      name: the app's.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    # Names of bells, for `Engine.bell`; no queue can have them.

    @property
    def leader_bell(self) -> str:
        """Rings when stored entries change."""
        return f"\nschedule:leader:{self.name}"

    @property
    def standby_bell(self) -> str:
        """Rings when the leader resigns."""
        return f"\nschedule:standby:{self.name}"

    # -- leading

    @abstractmethod
    def lead(self, holder: str, token: int, lease: int) -> Leadership:
        """Renew a leadership, or begin one if nobody leads; sends what waits behind runs that have ended.

        Parameters:
          holder: names who asks, among all that ever do.
          token: what the last call has returned; 0: nothing yet.
          lease: how long it is to last without being renewed.
        """

    @abstractmethod
    def resign(self, token: int) -> bool:
        """End a leadership, so that another can begin at once; False: somebody else leads."""

    @abstractmethod
    def leader(self) -> tuple[str, int] | None:
        """Return who leads and how long the lease lasts; None: nobody does."""

    # -- ticks

    @abstractmethod
    def tick(self, token: int, tick: Tick) -> TickFate:
        """Deal with a tick, once, whoever asks and however often.

        A tick before the last one is `done`, unless the clock was put back: then the entry's ticks go on from this one.

        Parameters:
          token: the leadership; out of turn it is not looked at.
        """

    @abstractmethod
    def last_runs(self) -> dict[str, LastRun]:
        """Return the last run of every entry that has a tick behind it."""

    # -- entries

    @abstractmethod
    def entries(self) -> StoredEntries:
        """Return the stored entries."""

    @abstractmethod
    def change(
        self,
        entry: str,
        before: bytes | None,
        after: bytes | None,
        note: bytes,
        *,
        ticks: Ticks = "keep",
    ) -> bool:
        """Replace a stored entry, unless it is another than `before` by now (then False); None: there is none.

        Parameters:
          note: what is remembered of this change.
          ticks: what becomes of what is remembered of the entry's ticks.
        """

    @abstractmethod
    def notes(self, offset: int, limit: int) -> list[bytes]:
        """Return a page of the notes about changes, the latest first."""
