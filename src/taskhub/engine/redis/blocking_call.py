"""A blocking command that is kept under way on a connection of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from taskhub.engine.redis.connector import Connector
from taskhub.engine.redis.push_connection import NOTHING, Line
from taskhub.exceptions import OperationalError

#: How long the server holds one wait, seconds. Short enough to notice soon that a connection is
#: dead.
SERVER_WAIT = 2.0
#: How much later than promised a reply may come before the connection is taken for dead, seconds.
GRACE = 3.0


class BlockingCall:
    """Waits for the reply to a command; any thread may `interrupt` it.

    The server answers within `SERVER_WAIT`.

    Args:
        subject: whose connection it is, for errors.
    """

    def __init__(self, connector: Connector, subject: str) -> None:
        self._line = Line(connector)
        self._subject = subject
        self._sent_at: float | None = None

    def wait(
        self, timeout: float, command: Sequence[Any] | None, beside: Line | None = None
    ) -> Any:
        """Return the reply; `NOTHING` after `timeout` seconds, or `interrupt`.

        Args:
            timeout: Seconds.
            command: sent if none is under way; None: only one that is under way is waited for.
            beside: Another line of the same thread; what arrives there ends the wait, too.

        Raises:
            OperationalError: the store is out of reach.
        """
        if command is not None and self._sent_at is None:
            self._line.send(command)
            self._sent_at = time.monotonic()
        try:
            reply = self._line.wait(max(0.0, timeout), beside)
        except OperationalError:
            self._sent_at = None
            raise
        if reply is not NOTHING:
            self._sent_at = None
        elif self._sent_at is not None and time.monotonic() - self._sent_at > SERVER_WAIT + GRACE:
            self._line.hang_up()
            self._sent_at = None
            raise OperationalError(
                f"the store stopped answering on the connection of the {self._subject}"
            )
        return reply

    @property
    def is_under_way(self) -> bool:
        """Whether the server has not replied yet."""
        return self._sent_at is not None

    def interrupt(self) -> None:
        """End a `wait` of another thread, or else the next one, at once."""
        self._line.interrupt()

    def close(self) -> None:
        """Drop the connection."""
        self._line.close()
        self._sent_at = None
