"""Channels for threads that produce and look: taken for one call, kept for the next."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.engine.port import RetryPolicy
from taskhub.engine.redis.channel import Channel, script_call
from taskhub.exceptions import OperationalError

if TYPE_CHECKING:
    from taskhub.engine.redis.connecting import Connector

#: How reads and steering calls are repeated when the connection breaks.
STEADY = RetryPolicy()


class ChannelPool:
    """Grows to the number of threads that call at the same time."""

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._idle: list[Channel] = []

    def call(
        self, commands: Sequence[Sequence[Any]], retry: RetryPolicy | None = STEADY
    ) -> list[Any]:
        """Send commands that may be repeated, in one round trip.

        Raises:
          OperationalError: the server is out of reach, after as many tries as `retry` allows.
        """
        return self.attempt(lambda _channel: commands, retry)

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
        """Send what `make` makes for a channel, again and again while it breaks and `retry` allows."""
        try:
            channel = self._idle.pop()
        except IndexError:
            channel = Channel(self._connector)
        pauses = iter(retry.pauses()) if retry is not None else iter(())
        commands = make(channel)
        while True:
            try:
                replies = channel.call(commands)
            except OperationalError:
                # Where one connection broke, those that lie idle are most likely dead, too.
                self.close()
                pause = next(pauses, None)
                if pause is None:
                    raise
                # Jitter, so that a crowd of clients does not come back at one moment.
                time.sleep(pause * random.uniform(0.5, 1.0))
                continue
            self._idle.append(channel)
            return replies

    def close(self) -> None:
        """Close the idle channels."""
        while self._idle:
            self._idle.pop().close()
