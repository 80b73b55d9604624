"""Reception of messages that are claimed for a worker when they are enqueued (`lua/dispatch.lua`).

A worker subscribes to a channel of its own and registers it. A channel is used for one connection
only: when that breaks nobody listens there, which the next caller notices.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Final

from taskhub.engine.port.claims import Claim
from taskhub.engine.port.notifier import Receiver
from taskhub.engine.redis.claims import read_dispatched
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.engine.redis.connector import Connector
from taskhub.engine.redis.push_connection import NOTHING, Line
from taskhub.exceptions import OperationalError, StoreRefused

logger = logging.getLogger(__name__)

#: How long the server may take to confirm a subscription, seconds.
SUBSCRIBE_TIMEOUT: Final = 5.0
#: A server that refuses it is asked again after so long, seconds.
REFUSED_PAUSE: Final = 60.0


class Reception:
    """The subscription of one worker; used by one thread.

    Args:
        connector: Opens its connection.
        namespace: Begins all keys and channels.
        receiver: The worker.
        lease: Length of the lease, ms, that the worker gets if it has none.
        channels: Returns the channels of this process.
        now: Returns the present in ms, "" for that of the server's clock.
    """

    def __init__(
        self,
        connector: Connector,
        namespace: str,
        receiver: Receiver,
        lease: int,
        channels: Callable[[], ChannelPool],
        now: Callable[[], str],
    ) -> None:
        self.line = Line(connector)
        self.is_open = False
        self._namespace = namespace
        self._receiver = receiver
        self._lease = lease
        self._channels = channels
        self._now = now
        self._refused_until = 0.0

    def open(self, queues: Sequence[str]) -> None:
        """Be sent messages of these queues from now on, if the server allows it.

        Raises:
            OperationalError: The server is out of reach.
        """
        if self.is_open or time.monotonic() < self._refused_until:
            return
        channel = f"{self._namespace}:receiver:{uuid.uuid4().hex}"
        worker, room = self._receiver
        try:
            self._subscribe(channel)
            arguments = (self._now(), worker, self._lease, room, channel, *queues)
            self._channels().run("receive", self._namespace, arguments)
        except StoreRefused as refusal:
            # All messages are claimed then.
            logger.debug("messages cannot be sent to this worker: %s", refusal)
            self._refused_until = time.monotonic() + REFUSED_PAUSE
            self.line.hang_up()
        except BaseException:
            self.line.hang_up()
            raise
        else:
            self.is_open = True

    def receive(self) -> Sequence[Claim]:
        """Return what has arrived; does not wait.

        Raises:
            OperationalError: The connection broke.
        """
        if not self.is_open:
            return ()
        claims = []
        try:
            while (reply := self.line.read_ready()) is not NOTHING:
                if reply[0] == b"message":
                    claims.append(read_dispatched(reply[2]))
        except OperationalError:
            self.is_open = False
            raise
        return claims

    def stop(self) -> None:
        """Have nothing more sent; what was sent already still arrives."""
        self._channels().call([("HDEL", f"{self._namespace}:receiving", self._receiver.worker)])

    def drop(self) -> None:
        """Drop the subscription, and what was sent but not received."""
        self.is_open = False
        self.line.hang_up()

    def close(self) -> None:
        """Drop the subscription and free what it holds."""
        self.is_open = False
        self.line.close()

    def _subscribe(self, channel: str) -> None:
        self.line.send(("SUBSCRIBE", channel))
        try:
            reply = self.line.wait(SUBSCRIBE_TIMEOUT)
        except OperationalError as error:
            if self.line.is_refusal(error):
                raise StoreRefused(f"{error}", rights=True) from error
            raise
        if reply is NOTHING:
            raise OperationalError("the store did not confirm a subscription")
