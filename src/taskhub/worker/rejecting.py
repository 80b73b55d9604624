"""Ending a message that no task here can take: unreadable, for a task that is not registered, or not now."""

from __future__ import annotations

import logging
from collections.abc import Callable

from dramatiq.errors import ActorNotFound

from taskhub.engine.delivery import Delivery
from taskhub.engine.port import Claim
from taskhub.exceptions import DecodeError, NotRegistered, OperationalError
from taskhub.outcome import NO_CONSEQUENCES, Consequences, Outcome
from taskhub.worker import endings, telling
from taskhub.worker.context import Context, entered, request_of
from taskhub.worker.node import Node

logger = logging.getLogger(__name__)

#: How long a message rests for which the store was out of reach, ms.
PUT_BACK_FOR = 1000

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
        if isinstance(error, NotRegistered | DecodeError):
            telling.cannot_be_taken(self._node, delivery, error)
        try:
            with entered(request):
                caused = self._after_failure(request, error)
        except OperationalError as problem:
            return put_back(delivery, problem)
        except Exception:
            logger.exception("what waits for task %s cannot be told of its failure", claim.task_id)
            caused = NO_CONSEQUENCES
        return endings.releasing(delivery, endings.with_consequences(outcome, caused))


def put_back(delivery: Delivery, error: OperationalError) -> Outcome:
    """Return the ending of a message for which the store was needed, and out of reach: it runs later."""
    logger.warning("%s; task %s is put back", error, delivery.message_id)
    return endings.requeued(delivery, PUT_BACK_FOR)
