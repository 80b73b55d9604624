"""The completer: outcomes of a worker process that wait to be committed, in batches."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from taskhub.engine.dramatiq.refusals import Refusals, is_large
from taskhub.engine.port.claims import Claim, Completion
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.outcome import Outcome

logger = logging.getLogger(__name__)

#: Outcomes per round trip.
BATCH = 200
#: A large outcome, sent alone, at which the connection broke so often while the store answered all
#: else, is refused.
BROKEN_BY_ONE = 5


class Settled(NamedTuple):
    """What the store's reply to a batch says beyond that the outcomes were written."""

    #: A claim had been taken away: this process was taken for dead.
    lost_claims: bool = False
    #: One had been written by an earlier try: other claims may have come with the reply that was
    #: lost.
    was_written_before: bool = False


class Completer:
    """Outcomes that wait to be committed, and batches in flight. Only `add` is thread-safe.

    A batch that the store refuses is sent one by one until the outcome is found that it refuses;
    that one ends as FAILURE (`Refusals`). A batch whose reply was lost is sent again: the claim
    fences it.

    Args:
        reject: Makes the outcome of a message that cannot be processed.
    """

    def __init__(self, reject: Callable[[Claim, Exception], Outcome]) -> None:
        # With the run time in seconds; None: nothing was run.
        self._waiting: deque[tuple[Completion, float | None]] = deque()
        # Keys of claims whose outcomes were sent before, without a reply.
        self._repeated: set[str] = set()
        # Whether outcomes are sent one by one, to find the one that cannot be written.
        self._one_by_one = False
        self._refusals = Refusals(reject)
        # How often in a row the connection broke while outcomes were sent.
        self._broken = 0
        #: How many outcomes were written here.
        self.completed = 0

    def __bool__(self) -> bool:
        """Whether outcomes wait."""
        return bool(self._waiting)

    @property
    def claims(self) -> list[Claim]:
        """The claims whose outcomes wait."""
        return [completion.claim for completion, _ in list(self._waiting)]

    @property
    def needs_all_attention(self) -> bool:
        """Whether claiming is paused while an outcome that cannot be written is searched for."""
        return self._one_by_one or bool(self._refusals)

    def add(self, completion: Completion, runtime: float | None = None) -> None:
        """Commit an outcome with one of the next batches; may be called by any thread.

        Args:
            runtime: For how long the task ran, seconds; None: it did not.
        """
        self._waiting.append((completion, runtime))

    def next_batch(self, observe: Callable[[float], None]) -> list[Completion]:
        """Take the outcomes of the next round trip.

        Args:
            observe: Receives the run time of each, seconds.
        """
        batch: list[Completion] = []
        most = 1 if self._one_by_one else BATCH
        while self._waiting and len(batch) < most:
            completion, runtime = self._waiting.popleft()
            if runtime is not None:
                observe(runtime)
            batch.append(completion)
        return batch

    def settle(self, batch: Sequence[Completion], written: Sequence[bool]) -> Settled:
        """Take note of the store's reply to a batch: for each outcome, whether it was written."""
        if batch:
            self._broken = 0
        if not self._waiting:
            self._one_by_one = False
        self.completed += len(batch)
        lost_claims = was_written_before = False
        for completion, is_written in zip(batch, written, strict=True):
            key = completion.claim.key
            if self._refusals:
                self._refusals.settle(key)
            if not is_written and key in self._repeated:
                was_written_before = True
            elif not is_written:
                lost_claims = True
                logger.warning(
                    "task %s ended as %s, but its claim had been taken away: dropped",
                    completion.outcome.task_id,
                    completion.outcome.state,
                )
            self._repeated.discard(key)
        return Settled(lost_claims, was_written_before)

    def refuse(self, batch: Sequence[Completion], refusal: StoreRefused) -> None:
        """Find the outcome that the store refuses, and put another in its place.

        Raises:
            StoreRefused: Nothing but waiting helps.
        """
        if refusal.passing or not batch:
            self._put_first(batch)
            raise refusal
        if len(batch) > 1:
            self._one_by_one = True
            self._put_first(batch)
            return
        instead = self._refusals.replace(batch[0], refusal)
        # Behind the others: they need not wait for it.
        self._waiting.append((instead or batch[0], None))
        if instead is None:
            raise refusal

    def repeat(self, batch: Sequence[Completion], error: OperationalError) -> None:
        """Send a batch again whose reply was lost: whether it was written is unknown.

        Raises:
            OperationalError: The error, unless it comes from one outcome and another is put in its
                place.
        """
        self._broken = self._broken + 1 if batch else 0
        if self._broken >= BROKEN_BY_ONE and len(batch) == 1 and is_large(batch[0].outcome):
            self.refuse(batch, StoreRefused(f"{error}, each time that it was sent"))
            return
        # Perhaps one of them is what breaks the connection.
        self._one_by_one = self._one_by_one or self._broken > 1
        self._note_repeated(batch)
        self._put_first(batch)
        raise error

    def fail(self, batch: Sequence[Completion], error: Exception) -> None:
        """Find the outcome that cannot be sent, because of an error that is not the store's.

        Raises:
            StoreRefused: Nothing but waiting helps.
        """
        logger.error("outcomes cannot be written", exc_info=error)
        self._note_repeated(batch)
        self.refuse(batch, StoreRefused(f"the outcome cannot be written: {error}"))

    def _note_repeated(self, batch: Sequence[Completion]) -> None:
        self._repeated.update(completion.claim.key for completion in batch)

    def _put_first(self, batch: Sequence[Completion]) -> None:
        self._waiting.extendleft((completion, None) for completion in reversed(batch))
