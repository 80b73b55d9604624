"""Ending a message that no task here can take: unreadable, or for a task that is not registered."""

from __future__ import annotations

import logging
from collections.abc import Callable

from dramatiq.errors import ActorNotFound

from taskhub.engine.delivery import Delivery
from taskhub.engine.port import Claim
from taskhub.exceptions import DecodeError, NotRegistered
from taskhub.outcome import Consequences, Outcome
from taskhub.worker import endings, telling
from taskhub.worker.context import Context, entered, request_of
from taskhub.worker.node import Node

logger = logging.getLogger(__name__)

#: Returns what a failure causes in the canvas that the request is part of.
AfterFailure = Callable[[Context, Exception], Consequences]


class Rejection:
    """Makes the outcomes of messages that cannot be run.

    Parameters:
      node: stands for this worker as the sender of signals.
      after_failure: the facade's answer to what waits for the task: it must not wait for ever.
    """

    def __init__(self, node: Node, after_failure: AfterFailure) -> None:
        self._node = node
        self._after_failure = after_failure

    def __call__(self, claim: Claim, error: Exception) -> Outcome:
        if isinstance(error, ActorNotFound):
            error = NotRegistered(*error.args)
        outcome = endings.unrunnable(claim, error)
        try:
            delivery = Delivery(claim)
            request = request_of(delivery, None, "")
        except Exception:
            # Unreadable: what it is part of cannot be known.
            telling.cannot_be_taken(self._node, claim, error)
            return outcome
        outcome = leaving_chord(delivery, outcome)
        if isinstance(error, NotRegistered | DecodeError):
            telling.cannot_be_taken(self._node, delivery, error)
        try:
            with entered(request):
                caused = self._after_failure(request, error)
        except Exception:
            logger.exception("what waits for task %s cannot be told of its failure", claim.task_id)
            return outcome
        return endings.with_consequences(outcome, caused)


def leaving_chord(delivery: Delivery, outcome: Outcome) -> Outcome:
    """Return an outcome that says so if the task was the body of a chord: it needs the parts no longer."""
    joins = delivery.options.get("joins")
    return outcome if joins is None else outcome._replace(joined=joins)
