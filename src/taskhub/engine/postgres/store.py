"""The database as the parts of the engine see it: statements by name, and the present."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from taskhub.engine.port.retry_policy import RetryPolicy
from taskhub.engine.postgres import schema as schemas
from taskhub.engine.postgres.connection import Call, Connection, Reply, Row
from taskhub.engine.postgres.connection_pool import STEADY, ConnectionPool
from taskhub.engine.postgres.connector import Connector
from taskhub.engine.postgres.followers import Followers
from taskhub.engine.postgres.listener import Listener
from taskhub.engine.postgres.statements import Statement, quoted_schema, statement
from taskhub.exceptions import OperationalError

logger = logging.getLogger(__name__)


class PostgresStore:
    """One schema in one database; shared by all parts of an engine, usable by any thread.

    Args:
        connector: Opens connections.
        schema: The name of the schema.
        limit: How many connections this process opens for calls.
        clock: The present in ms; None: the server's clock. Tests pass theirs.
    """

    def __init__(
        self,
        connector: Connector,
        schema: str,
        limit: int,
        clock: Callable[[], int] | None = None,
    ) -> None:
        quoted_schema(schema)
        self.connector = connector
        self.schema = schema
        self._limit = limit
        self._clock = clock
        self._open()

    def _open(self) -> None:
        self._pool = ConnectionPool(self.connector, self._limit, self._check_schema)
        self._listener = Listener(self)
        self._followers = Followers(self)
        # At the end: until then no thread may take what belongs to the parent process for ours.
        self._process = os.getpid()

    def _here(self) -> None:
        """Begin anew in a forked process: a connection belongs to the process that opened it."""
        if self._process != os.getpid():
            self._open()

    def _check_schema(self, connection: Connection) -> None:
        state = schemas.read_state(self.connector, self.schema)
        is_current = state.version == schemas.newest_version() and not state.outdated
        if not is_current and self.connector.creates_schema:
            schemas.upgrade(self.connector, self.schema)
            return
        schemas.refuse_newer(state, self.connector, self.schema)
        schemas.refuse_missing(state, self.connector, self.schema)

    @property
    def now(self) -> int | None:
        """The present in ms as statements take it: None: the server's clock."""
        return None if self._clock is None else self._clock()

    @property
    def listener(self) -> Listener:
        """What hears notifications in this process."""
        self._here()
        return self._listener

    @property
    def followers(self) -> Followers:
        """Who follows results in this process."""
        self._here()
        return self._followers

    def statement(self, name: str) -> Statement:
        """Return the statement of `sql/<name>.sql`, for this schema."""
        return statement(name, self.schema)

    def prepare(self, name: str, *parameters: Any) -> Call:
        """Return a call of the statement of `sql/<name>.sql`."""
        return Call(statement(name, self.schema), parameters)

    def run(self, name: str, *parameters: Any, retry: RetryPolicy | None = STEADY) -> list[Row]:
        """Run the statement of `sql/<name>.sql` as a transaction of its own; return its rows.

        When the connection breaks it is repeated, as often as `retry` says: what must not be done
        twice passes None.

        Raises:
            OperationalError: The server is out of reach.
            StoreRefused: The server refused it; nothing was done.
        """
        self._here()
        (rows,) = self._pool.call(self.prepare(name, *parameters), retry=retry)
        return rows

    def run_one(self, name: str, *parameters: Any, retry: RetryPolicy | None = STEADY) -> Any:
        """Run a statement that returns one value; return that."""
        ((value,),) = self.run(name, *parameters, retry=retry)
        return value

    def run_all(self, *calls: Call, retry: RetryPolicy | None = STEADY) -> list[list[Row]]:
        """Run several statements in one transaction and one round trip; return the rows of each."""
        self._here()
        return self._pool.call(*calls, retry=retry)

    def request(
        self, *transactions: Sequence[Call], retry: RetryPolicy | None = None
    ) -> list[Reply]:
        """Run several transactions in one round trip; see `ConnectionPool.request`."""
        self._here()
        return self._pool.request(*transactions, retry=retry)

    def announce(self, topics: Iterable[str]) -> None:
        """Notify an idle thread of each of these topics, after what it is to see was committed.

        That is done whether or not this succeeds: who waits looks by itself after a while.
        """
        names = sorted(set(topics))
        if not names:
            return
        try:
            self.run("announce", names, retry=None)
        except OperationalError as error:
            logger.warning("%s; who waits for work looks by itself", error)

    def close(self) -> None:
        """Close every connection; the next call opens others."""
        self._followers.close()
        self._listener.close()
        self._pool.close()
