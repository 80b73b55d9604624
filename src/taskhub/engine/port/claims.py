"""Claims and completions: the values with which a worker takes messages and ends them.

Times are in milliseconds unless a name says otherwise.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal, NamedTuple

from taskhub.exceptions import StoreRefused
from taskhub.outcome import Outcome

#: Which suspects (see `taskhub.engine.suspects`) a claim takes: all, as any other message; one,
#: alone; none.
Suspects = Literal["all", "one", "none"]

#: A longer wait is that of a message whose position does not show when it became ready, ms.
LONGEST_WAIT = 366 * 24 * 60 * 60 * 1000


class GivenUp(Enum):
    """Why a message is ended, not run again, by the worker that claims it."""

    #: `Engine.acknowledge` (`acks_late=False`), and then its worker was lost or requeued it.
    ACKNOWLEDGED_EARLY = "acknowledged early"
    #: `Engine.mark_timed_out`: its last execution could not be ended by its own process.
    TIMED_OUT = "timed out"


class Claim(NamedTuple):
    """One message in the hands of one worker."""

    #: The message's key in the store: its task id, or that and a number when several with one task
    #: id are stored.
    key: str
    #: Proves that this delivery of the message is held; the worker that ends the task must show it.
    #: Only the engine reads it. A message that was requeued and is claimed again has the same.
    token: str
    task_id: str
    queue: str
    priority: int
    body: bytes
    #: Whether the task had been revoked when it was claimed.
    revoked: bool = False
    #: How often the message has been delivered, this time included. More than
    #: `EngineRules.max_deliveries`: it is not to be run, but to be ended as lost.
    delivery: int = 1
    #: Orders the messages of one priority by age; lower is older.
    sequence: int = 0
    #: When it became ready, ms since the epoch by the store's clock; None: it never was.
    ready_at: int | None = None
    #: When it was claimed, by the same clock; None: it was taken out to be revoked.
    claimed_at: int | None = None
    #: Why it is ended instead of being run; None: it is run.
    given_up: GivenUp | None = None

    @property
    def waited(self) -> float | None:
        """How long the message had been ready when it was claimed, seconds; None: unknown."""
        if self.claimed_at is None or self.ready_at is None:
            return None
        wait = self.claimed_at - self.ready_at
        return None if wait > LONGEST_WAIT else max(0, wait) / 1000


class ClaimBatch(NamedTuple):
    """Messages that one claim returned."""

    claims: list[Claim]
    #: Until the next delayed or rate-limited message is due (of any queue), 0 if one is due
    #: already; None: there is none.
    next_due: int | None
    #: What the store said of queues that cannot be read; "": all can.
    trouble: str = ""
    #: Whether suspects were left that this worker would have got otherwise.
    suspects_left: bool = False


class Completion(NamedTuple):
    """A claim and the outcome of its execution."""

    claim: Claim
    outcome: Outcome
    #: How it is counted (`statistics.tally`); "": not at all.
    tally: str = ""


class Exchange(NamedTuple):
    """The reply to one round trip of an exchange loop."""

    #: For each completion, whether it was written; False: the claim had been taken away.
    committed: list[bool]
    #: None when no claim was asked for.
    batch: ClaimBatch | None
    #: Why the store gave no claims; the completions are written.
    refused: StoreRefused | None = None
