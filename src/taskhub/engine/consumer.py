"""Dramatiq's end of the courier."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import ActorNotFound

from taskhub.engine.courier import Courier
from taskhub.engine.delivery import Delivery
from taskhub.engine.port import Claim
from taskhub.exceptions import OperationalError
from taskhub.outcome import Outcome

logger = logging.getLogger(__name__)


#: When the worker is about to end, its consumers look whether they are to end, too, this often; seconds.
_CLOSING_PAUSE = 0.01


class EngineConsumer(Consumer):
    """Dramatiq's end of the courier for one queue: takes back what became of messages.

    It yields none: the courier hands them over itself (`EngineBroker.start_courier`), which saves each a change of
    threads.

    Parameters:
      timeout: how long a thread waits here at a time, seconds.
      reject: makes the outcome of a message that cannot be run.
    """

    def __init__(
        self,
        courier: Courier,
        queue: str,
        timeout: float,
        reject: Callable[[Claim, Exception], Outcome],
    ) -> None:
        self._courier = courier
        self._queue = queue
        self._timeout = timeout
        self._reject = reject
        self._serves = False

    def __next__(self) -> MessageProxy | None:
        if not self._serves:
            # Not before Dramatiq's thread knows this consumer: by it the first message is acknowledged.
            self._serves = True
            self._courier.serve(self._queue)
        if self._courier.closing.wait(self._timeout):
            time.sleep(_CLOSING_PAUSE)
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
