"""The Dramatiq consumer of a queue: passes outcomes on to the exchange loop."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable

from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import ActorNotFound

from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.exchange_loop import ExchangeLoop
from taskhub.engine.dramatiq.forked_children import end_if_forked_child
from taskhub.engine.dramatiq.internals import exception_of
from taskhub.engine.port.claims import Claim
from taskhub.exceptions import OperationalError, WorkerLostError
from taskhub.humanize import counted
from taskhub.outcome import Outcome

logger = logging.getLogger(__name__)


#: When the worker is about to end, its consumers check this often whether they are to end, too;
#: seconds.
_CLOSING_PAUSE = 0.01


class EngineConsumer(Consumer):
    """Dramatiq's consumer of one queue: acknowledged messages go to the exchange loop.

    It yields none: the exchange loop hands them over itself (`LocalWorkers.start`), which saves
    each a change of threads.

    Args:
        exchange_loop: The exchange loop of the worker.
        queue: The queue.
        timeout: How long a thread waits here at a time, seconds.
        reject: Makes the outcome of a message that cannot be run.
    """

    def __init__(
        self,
        exchange_loop: ExchangeLoop,
        queue: str,
        timeout: float,
        reject: Callable[[Claim, Exception], Outcome],
    ) -> None:
        self._exchange_loop = exchange_loop
        self._queue = queue
        self._timeout = timeout
        self._reject = reject
        self._is_serving = False

    def __next__(self) -> MessageProxy | None:
        if not self._is_serving:
            # Not before Dramatiq's thread knows this consumer: by it the first message is
            # acknowledged.
            self._is_serving = True
            self._exchange_loop.add_queue(self._queue)
        if self._exchange_loop.closing.wait(self._timeout):
            time.sleep(_CLOSING_PAUSE)
        return None

    def ack(self, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        if message.settled:
            return
        outcome = message.outcome
        if outcome is None:
            # It was not decided, for whatever reason: it must not count as a success.
            outcome = self._reject(
                message.claim, WorkerLostError("the outcome of the task could not be decided")
            )
        self._complete(message, outcome)

    def nack(self, message: MessageProxy) -> None:
        assert isinstance(message, Delivery)
        if message.settled:
            return
        outcome = message.outcome
        if outcome is None:
            error = exception_of(message)
            if not isinstance(error, Exception):
                error = ActorNotFound(message.actor_name)
            outcome = self._reject(message.claim, error)
        self._complete(message, outcome)

    def _complete(self, message: Delivery, outcome: Outcome) -> None:
        # A handler of the task may have forked.
        end_if_forked_child(None)
        self._exchange_loop.complete(message, outcome, message.runtime)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        claims = [message.claim for message in messages if isinstance(message, Delivery)]
        try:
            self._exchange_loop.requeue(claims)
        except OperationalError as error:
            # The exchange loop requeues what is left at its end; otherwise it is reclaimed.
            logger.warning("%s; requeued later: %s", error, counted(len(claims), "message"))

    def close(self) -> None:
        """Nothing to close: the exchange loop belongs to the process."""
