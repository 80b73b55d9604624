"""Channels for threads that produce and look: taken for one call, kept for the next."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.redis.store_connection import Channel, script_call
from taskhub.exceptions import OperationalError, StoreRefused

if TYPE_CHECKING:
    from taskhub.engine.redis.connector import Connector

#: How reads and steering calls are repeated when the connection breaks.
STEADY = RetryPolicy()


class ChannelPool:
    """Grows to the number of threads that call at a time, and keeps some of their connections.

    Args:
        connector: Opens them.
        idle_limit: How many stay open that nobody uses.
    """

    def __init__(self, connector: Connector, idle_limit: int = 10) -> None:
        self._connector = connector
        self._idle_limit = idle_limit
        self._idle: list[Channel] = []

    def call(
        self, commands: Sequence[Sequence[Any]], retry: RetryPolicy | None = STEADY
    ) -> list[Any]:
        """Send commands that may be repeated, in one round trip.

        Raises:
            OperationalError: the server is out of reach, after as many tries as `retry` allows.
            StoreRefused: the server refused it.
        """
        return self.attempt(lambda _channel: commands, retry)

    def request(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Send commands once and return their replies; for a refused one, a `StoreRefused`.

        Raises:
            OperationalError: the server is out of reach.
        """
        channel = self._acquire()
        try:
            replies = channel.request(commands)
        except OperationalError:
            self.close()
            raise
        self._return(channel)
        return replies

    def run(
        self,
        name: str,
        namespace: str,
        arguments: Sequence[Any],
        retry: RetryPolicy | None = STEADY,
    ) -> Any:
        """Run a script that may be repeated."""
        return self.call([script_call(name, namespace, arguments)], retry)[0]

    def attempt(
        self, make: Callable[[Channel], Sequence[Sequence[Any]]], retry: RetryPolicy | None
    ) -> list[Any]:
        """Send what `make` makes for a channel, again and again while it breaks and `retry` allows.

        Raises:
            StoreRefused: The server refused each try.
            OperationalError: It is unknown what became of one of them.
        """
        channel = self._acquire()
        pauses = iter(retry.pauses()) if retry is not None else iter(())
        commands = make(channel)
        lost: OperationalError | None = None
        while True:
            try:
                replies = channel.call(commands)
            except OperationalError as error:
                if not isinstance(error, StoreRefused):
                    # Where one connection broke, those that lie idle are most likely dead, too.
                    self.close()
                    lost = error
                pause = None
                if isinstance(error, StoreRefused) and not error.passing:
                    self._return(channel)
                else:
                    pause = next(pauses, None)
                if pause is None:
                    if lost is not None and lost is not error:
                        # Such as `BUSY`, with the very script whose reply has not come in time.
                        raise lost from error
                    raise
                # Jitter, so that a crowd of clients does not come back at one moment.
                time.sleep(pause * random.uniform(0.5, 1.0))
                continue
            self._return(channel)
            return replies

    def _acquire(self) -> Channel:
        try:
            return self._idle.pop()
        except IndexError:
            return Channel(self._connector)

    def _return(self, channel: Channel) -> None:
        if len(self._idle) < self._idle_limit:
            self._idle.append(channel)
        else:
            channel.close()

    def close(self) -> None:
        """Close the idle channels."""
        while self._idle:
            self._idle.pop().close()
