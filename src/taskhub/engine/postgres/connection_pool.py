"""Connections of a process: taken for one call, kept for the next."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence

from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.postgres.connection import Call, Connection, Reply, Row, ServerRefusal
from taskhub.engine.postgres.connector import Connector
from taskhub.engine.postgres.errors import REPEATABLE
from taskhub.exceptions import OperationalError, StoreRefused

logger = logging.getLogger(__name__)

#: How reads and steering calls are repeated when the connection breaks.
STEADY = RetryPolicy()
#: How often a transaction is tried that met another one (`REPEATABLE`).
_TRIES = 5


class ConnectionPool:
    """Grows to the number of threads that call at a time, up to a limit, and keeps connections.

    Args:
        connector: Opens them.
        limit: How many there are at most, and stay open; 0: each call opens its own.
        prepare: Called once, before the first request, with a connection.
    """

    def __init__(
        self,
        connector: Connector,
        limit: int = 10,
        prepare: Callable[[Connection], None] = lambda connection: None,
    ) -> None:
        self._connector = connector
        self._limit = limit
        self._free = threading.BoundedSemaphore(limit) if limit > 0 else None
        self._idle: list[Connection] = []
        self._prepare = prepare
        self._is_prepared = False

    def request(
        self, *transactions: Sequence[Call], retry: RetryPolicy | None = None
    ) -> list[Reply]:
        """Send transactions in one round trip; return the replies, for a refused one a refusal.

        Args:
            transactions: What to do, each by itself.
            retry: How often to send all of them again when the connection breaks; None: not at all.

        Raises:
            OperationalError: The server is out of reach, after as many tries.
        """
        pauses = iter(retry.pauses()) if retry is not None else iter(())
        while True:
            try:
                return self._request(transactions)
            except OperationalError as error:
                pause = None
                if not isinstance(error, StoreRefused) or error.passing:
                    pause = next(pauses, None)
                if pause is None:
                    raise
                # Jitter, so that a crowd of clients does not come back at one moment.
                time.sleep(pause * random.uniform(0.5, 1.0))

    def call(self, *calls: Call, retry: RetryPolicy | None = STEADY) -> list[list[Row]]:
        """Do one transaction, and return the rows of each of its statements.

        Raises:
            OperationalError: The server is out of reach, after as many tries as `retry` allows.
            StoreRefused: The server refused it; nothing was done.
        """
        pauses = iter(retry.pauses()) if retry is not None else iter(())
        while True:
            (reply,) = self.request(calls, retry=retry)
            if not isinstance(reply, StoreRefused):
                return reply
            pause = next(pauses, None) if reply.passing else None
            if pause is None:
                raise reply
            time.sleep(pause * random.uniform(0.5, 1.0))

    def _request(self, transactions: Sequence[Sequence[Call]]) -> list[Reply]:
        connection = self._acquire()
        try:
            if not self._is_prepared:
                self._prepare(connection)
                self._is_prepared = True
            replies = connection.request(*transactions)
            for attempt in range(1, _TRIES):
                first = next(
                    (at for at, reply in enumerate(replies) if _is_repeatable(reply)), None
                )
                if first is None:
                    break
                time.sleep(random.uniform(0, 0.002 * attempt))
                # With those behind it, which speak of what it has done.
                replies[first:] = connection.request(*transactions[first:])
        except OperationalError as error:
            if not isinstance(error, StoreRefused):
                # Where one connection broke, those that lie idle are most likely dead, too.
                self.close()
            raise
        finally:
            self._release(connection)
        return replies

    def _acquire(self) -> Connection:
        if self._free is not None and not self._free.acquire(
            timeout=self._connector.socket_timeout
        ):
            raise StoreRefused(
                f"all {self._limit} connections of this process to "
                f"{self._connector.url.masked()} were busy for "
                f"{self._connector.socket_timeout:g} s: raise broker_pool_limit",
                passing=True,
            )
        try:
            return self._idle.pop()
        except IndexError:
            return Connection(self._connector)

    def _release(self, connection: Connection) -> None:
        if self._free is None:
            connection.close()
            return
        self._idle.append(connection)
        self._free.release()

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()


def _is_repeatable(reply: Reply) -> bool:
    """Whether a transaction was rolled back because it met another one."""
    cause = reply.__cause__ if isinstance(reply, StoreRefused) else None
    return isinstance(cause, ServerRefusal) and cause.error.code in REPEATABLE
