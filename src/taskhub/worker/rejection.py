"""Rejection of messages that cannot be run here: unreadable, of unknown tasks, or not now."""

from __future__ import annotations

import logging

from dramatiq.errors import ActorNotFound

from taskhub import states
from taskhub.command_hint import command_hint
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.port.claims import Claim
from taskhub.exceptions import DecodeError, NotRegistered, OperationalError
from taskhub.execution import outcomes, signal_dispatch
from taskhub.execution.event_loop import EventLoopLostError
from taskhub.execution.request import entered, request_of
from taskhub.execution.runnable import Participation
from taskhub.outcome import NO_CONSEQUENCES, Outcome
from taskhub.worker.node import Node

logger = logging.getLogger(__name__)

#: How long a message rests for which the store was out of reach, ms.
PUT_BACK_FOR = 1000


class Rejection:
    """Makes the outcomes of messages that cannot be run.

    Args:
        node: stands for this worker as the sender of signals.
        canvas: Fails the calls that wait for the task, so that they do not wait forever.
    """

    def __init__(self, node: Node, canvas: Participation) -> None:
        self._node = node
        self._canvas = canvas

    def __call__(self, claim: Claim, error: Exception) -> Outcome:
        if isinstance(error, ActorNotFound):
            error = NotRegistered(*error.args)
            _report_unknown(claim, error)
        outcome = outcomes.unrunnable(claim, error)
        try:
            delivery = Delivery(claim)
            request = request_of(delivery, None, "")
        except Exception:
            # Unreadable: what it is part of cannot be known.
            signal_dispatch.cannot_be_taken(self._node, claim, error)
            return outcome
        if isinstance(error, NotRegistered | DecodeError):
            signal_dispatch.cannot_be_taken(self._node, delivery, error)
        try:
            with entered(request):
                caused = self._canvas.consequences(request, states.FAILURE, None, error)
        except OperationalError as problem:
            return requeue_outcome(delivery, problem)
        except Exception:
            logger.exception("calls that wait for task %s could not be failed", claim.task_id)
            caused = NO_CONSEQUENCES
        return outcomes.consuming(delivery, outcomes.with_consequences(outcome, caused))


def _report_unknown(claim: Claim, error: NotRegistered) -> None:
    name = error.args[0] if error.args else "?"
    logger.error(
        "Received unregistered task of type %.200r, which no live worker of queue %.200r knows: "
        "message %s is a dead letter. Import the task's module in this worker's app, or start the "
        "worker of the application that has the task, then: %s",
        *(name, claim.queue, claim.task_id, command_hint("dead", "retry", claim.task_id)),
    )


def requeue_outcome(delivery: Delivery, error: OperationalError | EventLoopLostError) -> Outcome:
    """Return the outcome of a message whose store or event loop is out of reach: it runs later."""
    logger.warning("%s; task %s is requeued", error, delivery.message_id)
    return outcomes.requeued(delivery, PUT_BACK_FOR)
