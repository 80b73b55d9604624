"""The part of the engine port that keeps periodic jobs: entries, fire times, runs, the leadership.

The engine does not read what an entry says. Times are in milliseconds of the store's clock.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

from taskhub.engine.port.audit_log import AuditEntry
from taskhub.engine.port.notifier import ScheduleTopic
from taskhub.message import Envelope

#: A fire time that lies further ahead of the store's clock, ms, was dealt with before the clock was
#: set back.
AHEAD: Final = 60_000
#: So many fire times of one entry may be queued behind a run; further ones are skipped.
MAX_QUEUED: Final = 1000
#: So many runs of each entry are remembered.
HISTORY: Final = 20

#: What becomes of a fire time while the run before it waits or runs.
Overlap = Literal["allow", "skip", "queue"]

#: `sent`: its messages are stored. `queued`: they will be, when the run before has ended.
#: `skipped`: they are not, because of that run. `recorded`: it had none. `duplicate`: it, or a
#: later one, was dealt with before. `fenced`: another scheduler leads.
FireResult = Literal["sent", "queued", "skipped", "recorded", "duplicate", "fenced"]

#: Those of fire times that have messages, dealt with now.
RunResult = Literal["sent", "queued", "skipped"]

#: What becomes of an entry's fire times when it is changed. `keep`: they go on as they were.
#: `restart`: those up to now are dealt with. `forget`: there were none; what is queued behind a run
#: is dropped.
FireHistory = Literal["keep", "restart", "forget"]


class Leadership(NamedTuple):
    """The reply to a scheduler that leads, or would."""

    #: Proves the leadership; 0: somebody else leads.
    token: int
    #: Who leads.
    holder: str
    #: The present, by the store's clock.
    now: int
    #: Grows with every change of the stored entries.
    version: int


class Fire(NamedTuple):
    """One fire time of an entry."""

    entry: str
    #: None: out of turn; the entry's fire times go on as if nothing had been.
    at: int | None
    #: The id of its run: that of the first message.
    task_id: str = ""
    #: Empty: nothing is to be sent, but this fire time and those before it are dealt with.
    messages: Sequence[Envelope] = ()
    overlap: Overlap = "allow"


class LastRun(NamedTuple):
    """The last run of an entry, and counts of those before."""

    #: The last fire time that was dealt with.
    fire: int
    #: The id of the last run; "" if there was none.
    task_id: str
    #: When it was sent; 0 if there was none.
    at: int
    #: How many runs there were.
    sent: int
    #: How many fire times were skipped because of a run before them.
    skipped: int
    #: Whether the last run still waits or runs.
    unfinished: bool
    #: How many fire times are queued behind it.
    queued: int


class RunOutcome(NamedTuple):
    """What the execution of a run left behind."""

    #: The state in which it ended, or RETRY.
    state: str
    #: When its code began; None: it did not run.
    started_at: int | None = None
    #: How long its code ran, seconds.
    took: float = 0.0
    #: The class of the exception; "": none.
    error: str = ""


class PeriodicRun(NamedTuple):
    """One fire time in the history of an entry."""

    #: The fire time; None: out of turn.
    fire: int | None
    result: RunResult
    #: When it was sent, queued or skipped.
    at: int
    task_id: str
    #: None: it was not sent, has not ended, or its worker could not report it.
    outcome: RunOutcome | None = None


class StoredEntries(NamedTuple):
    """The stored entries by name, and which version of them."""

    version: int
    documents: dict[str, bytes]


class ScheduleStore(ABC):
    """The periodic jobs of one app. Raises `OperationalError` as `Engine` does.

    Args:
        name: The app's.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def leader_topic(self) -> ScheduleTopic:
        """For `Engine.notifier`: stored entries change."""
        return ScheduleTopic(self.name, "leader")

    @property
    def standby_topic(self) -> ScheduleTopic:
        """For `Engine.notifier`: the leader resigns."""
        return ScheduleTopic(self.name, "standby")

    # -- leading

    @abstractmethod
    def lead(self, holder: str, token: int, lease: int) -> Leadership:
        """Renew a leadership, or begin one if nobody leads; sends what is queued behind ended runs.

        Args:
            holder: Names who asks, among all that ever do.
            token: What the last call has returned; 0: nothing yet.
            lease: How long it is to last without being renewed.
        """

    @abstractmethod
    def resign(self, token: int) -> bool:
        """End a leadership, so that another can begin at once; False: somebody else leads."""

    @abstractmethod
    def leader(self) -> tuple[str, int] | None:
        """Return who leads and how long the lease lasts; None: nobody does."""

    # -- fire times and runs

    @abstractmethod
    def fire(self, token: int, fire: Fire) -> FireResult:
        """Deal with a fire time, once, however many ask and however often.

        A fire time before the last one is a `duplicate`, unless the clock was set back: then the
        entry's fire times go on from this one.

        Args:
            token: The leadership; not looked at out of turn.
            fire: The fire time.
        """

    @abstractmethod
    def last_runs(self) -> dict[str, LastRun]:
        """Return the last run of every entry that has a fire time behind it."""

    @abstractmethod
    def run_history(self, entry: str) -> list[PeriodicRun]:
        """Return the latest runs of an entry, up to `HISTORY`, the latest first."""

    @abstractmethod
    def record_outcome(self, entry: str, task_id: str, outcome: RunOutcome) -> bool:
        """Note the outcome of a run in the history; False: the run is not (or no longer) there."""

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
        audit: AuditEntry,
        *,
        fires: FireHistory = "keep",
    ) -> bool:
        """Replace a stored entry, unless it is another than `before` by now (then False).

        Args:
            entry: Its name.
            before: What is stored; None: nothing.
            after: What is to be stored; None: nothing.
            audit: Appended to the audit log, in the same step.
            fires: What becomes of its fire times.
        """
