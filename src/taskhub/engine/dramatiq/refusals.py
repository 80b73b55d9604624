"""Refused outcomes: each ends as FAILURE, alone, and is not repeated without end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from taskhub import states
from taskhub.engine.port.claims import Claim, Completion
from taskhub.exceptions import StoreRefused
from taskhub.outcome import Outcome

logger = logging.getLogger(__name__)

#: From this many bytes on, an outcome may be what breaks a connection: servers refuse what is too
#: large by closing it.
LARGE: Final = 512 * 1024
#: Missing rights may be granted again: an outcome that needs them waits for so long, seconds,
#: before it ends as FAILURE.
PATIENCE: Final = 30.0


@dataclass
class _Case:
    """An outcome that was refused."""

    since: float
    #: Which of those that take its place is tried.
    step: int = 0


class Refusals:
    """Decides what is committed in the place of outcomes that the store refused.

    First what any failed task leaves behind, with the server's words; if that is refused, too, for
    as long as `PATIENCE`, the same without what follows from it; at last only the dead letter.

    Args:
        reject: Makes the outcome of a message that cannot be processed.
        clock: The present in seconds, monotonic.
    """

    def __init__(
        self,
        reject: Callable[[Claim, Exception], Outcome],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reject = reject
        self._clock = clock
        self._cases: dict[str, _Case] = {}

    def __bool__(self) -> bool:
        """Whether an outcome is held that was refused."""
        return bool(self._cases)

    def settle(self, key: str) -> None:
        """Forget a message: its outcome has been committed, or its claim is gone."""
        self._cases.pop(key, None)

    def replace(self, completion: Completion, refusal: StoreRefused) -> Completion | None:
        """Return the replacement of a completion that was refused alone; None: retry it later."""
        claim, outcome, _ = completion
        now = self._clock()
        case = self._cases.setdefault(claim.key, _Case(now))
        # Where what takes its place is refused, too, that is not the doing of this outcome: it may
        # pass.
        if (refusal.rights or case.step > 0) and now - case.since < PATIENCE:
            return None
        case.step += 1
        if case.step == 1:
            logger.error(
                "task %s: its outcome (%s) was refused, it ends as FAILURE and is kept as a dead "
                "letter: %s",
                claim.task_id,
                outcome.state,
                refusal,
            )
            return Completion(claim, self._reject(claim, refusal))
        if case.step == 2:
            return Completion(claim, _alone(outcome))
        if case.step == 3:
            logger.error("task %s: not even its result can be stored: %s", claim.task_id, refusal)
            return Completion(claim, _alone(outcome)._replace(document=None))
        # Nothing at all can be written, as if the store were away: when it can, the failure with
        # all that follows is.
        case.step, case.since = 1, now
        return Completion(claim, self._reject(claim, refusal))


def _alone(outcome: Outcome) -> Outcome:
    """Return a failure without what follows from it."""
    return Outcome(
        outcome.task_id, states.FAILURE, outcome.document, outcome.ttl, dead=outcome.dead
    )


def is_large(outcome: Outcome) -> bool:
    """Whether an outcome has so many bytes that a server may refuse it for its size."""
    texts = [outcome.document or "", *(text for _, text in outcome.documents)]
    texts += [part.value for part in outcome.parts]
    return sum(map(len, texts)) + sum(len(message.body) for message in outcome.publish) >= LARGE
