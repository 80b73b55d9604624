"""Dramatiq's end of the courier."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from queue import Empty

from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import ActorNotFound

from taskhub.engine.courier import Courier
from taskhub.engine.delivery import Delivery
from taskhub.engine.port import Claim
from taskhub.exceptions import OperationalError
from taskhub.outcome import Outcome

logger = logging.getLogger(__name__)


class EngineConsumer(Consumer):
    """Dramatiq's end of the courier; all consumers of a process take from the same hand."""

    def __init__(
        self, courier: Courier, timeout: float, reject: Callable[[Claim, Exception], Outcome]
    ) -> None:
        self._courier = courier
        self._timeout = timeout
        self._reject = reject

    def __next__(self) -> MessageProxy | None:
        try:
            delivery: Delivery = self._courier.ready.get(timeout=self._timeout)
            return delivery
        except Empty:
            return None

    def ack(self, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        if message.settled:
            return
        outcome = message.outcome
        if outcome is None:
            outcome = Outcome(message.message_id, "SUCCESS")
        self._courier.end(message, outcome, message.runtime)

    def nack(self, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        if message.settled:
            return
        outcome = message.outcome
        if outcome is None:
            error = message._exception
            if not isinstance(error, Exception):
                error = ActorNotFound(message.actor_name)
            outcome = self._reject(message.claim, error)
        self._courier.end(message, outcome, message.runtime)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        claims = [message.claim for message in messages if isinstance(message, Delivery)]
        try:
            self._courier.give_back(claims)
        except OperationalError as error:
            # The courier gives back what is left when it ends, and then the lease runs out.
            logger.warning("%s; %d messages are given back later", error, len(claims))

    def close(self) -> None:
        """Nothing to close: the courier belongs to the process."""
