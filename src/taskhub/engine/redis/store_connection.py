"""One connection to the store, used by one thread at a time."""

from __future__ import annotations

import contextlib
import itertools
import logging
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taskhub.engine.redis.encoding import packed
from taskhub.engine.redis.refusal_kind import kind_of_error
from taskhub.engine.redis.scripts import script, script_of
from taskhub.exceptions import OperationalError, StoreRefused

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

    from taskhub.engine.redis.connector import Connector

logger = logging.getLogger(__name__)

#: The connection of a channel that has been idle for this long is looked at before it is used,
#: seconds: servers and proxies close idle connections.
_IDLE = 1.0
#: The reply to a script that has written nothing because a command of it was refused
#: (`lua/finish.lua`).
_REFUSED = "REFUSED "


class Channel:
    """A connection that is opened when it is needed and dropped when it breaks.

    A call either brings all replies or raises; after an `OperationalError` that is no
    `StoreRefused` it is unknown what the server has done.
    """

    def __init__(self, connector: Connector) -> None:
        #: Distinguishes this channel's calls from all others, over any number of connections.
        self.name = uuid.uuid4().hex
        self._numbers = itertools.count(1)
        self._connector = connector
        self._connection: AbstractConnection | None = None
        self._used_at = 0.0
        #: Hashes of scripts that were loaded on this connection.
        self._loaded: set[str] = set()

    def call(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Send commands in one write and return their replies.

        Raises:
            StoreRefused: the server refused one of them; of a script that is refused nothing is
                done.
            OperationalError: the server is out of reach.
        """
        replies = self.request(commands)
        for reply in replies:
            if isinstance(reply, StoreRefused):
                raise reply
        return replies

    def request(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Send commands in one write and return their replies; for a refused one, a `StoreRefused`.

        Raises:
            OperationalError: the server is out of reach.
        """
        import redis.exceptions as errors

        try:
            message = packed(commands)
        except (TypeError, ValueError, OverflowError) as error:
            raise StoreRefused(f"a value cannot be sent to the store: {error}") from error
        if len(commands) > 1:
            self._load_scripts(commands[:-1])
        connection = self._connection
        if connection is not None and time.monotonic() - self._used_at > _IDLE:
            connection = self._if_alive(connection)
        if connection is None:
            connection = self._open()
        try:
            connection.send_packed_command([message])
            replies = [self._read(connection) for _ in commands]
        except (errors.ConnectionError, errors.TimeoutError, OSError) as error:
            self.close()
            raise OperationalError(
                f"lost the connection to {self._connector.url.masked()}: {error}"
            ) from error
        except BaseException:
            # Interrupted between request and reply: what is still to come would be read as the next
            # call's reply.
            self.close()
            raise
        self._used_at = time.monotonic()
        for index, reply in enumerate(replies):
            if isinstance(reply, errors.NoScriptError):
                self.call([("SCRIPT", "LOAD", script_of(commands[index][1]).text)])
                replies[index] = self.request([commands[index]])[0]
            elif isinstance(reply, Exception):
                replies[index] = self._refusal(reply, commands[index])
        return replies

    def _load_scripts(self, commands: Sequence[Sequence[Any]]) -> None:
        """Load scripts that the server may lack: else what follows them would be served first."""
        for sha in {command[1] for command in commands if command[0] == "EVALSHA"} - self._loaded:
            # A server that refuses it may know the script.
            self.request([("SCRIPT", "LOAD", script_of(sha).text)])
            self._loaded.add(sha)

    def _if_alive(self, connection: AbstractConnection) -> AbstractConnection | None:
        """Return an idle connection; None, and drop it, if the server has closed it."""
        try:
            # Nothing was asked, so what there is to read can only be its end.
            if not connection.can_read(0):
                return connection
        except Exception:
            logger.debug("an idle connection cannot be read", exc_info=True)
        self.close()
        return None

    def next_number(self) -> int:
        """Return the number of a call that must not be served twice."""
        return next(self._numbers)

    def run(self, name: str, namespace: str, arguments: Sequence[Any]) -> Any:
        """Run one script and return its reply."""
        return self.call([script_call(name, namespace, arguments)])[0]

    def close(self) -> None:
        """Drop the connection; the next call opens another."""
        connection, self._connection = self._connection, None
        self._loaded.clear()
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.disconnect()

    def _open(self) -> AbstractConnection:
        self._connection = self._connector.connect()
        return self._connection

    @staticmethod
    def _read(connection: AbstractConnection) -> Any:
        import redis.exceptions as errors

        try:
            return connection.read_response()
        except errors.ResponseError as error:
            return error

    def _refusal(self, error: Exception, command: Sequence[Any]) -> StoreRefused:
        text = str(error).removeprefix(_REFUSED)
        where = self._connector.url.masked()
        if "; not undone: " in text:
            logger.critical("%s refused a command, and then to undo others: %s", where, text)
        kind = kind_of_error(error)
        if kind == "full":
            refusal = StoreRefused(
                f"{where} is out of memory and refuses writes: raise its maxmemory, or make room",
                passing=True,
            )
        elif kind == "passing":
            # Another server may be the master by now.
            self.close()
            refusal = StoreRefused(f"{where} is not ready: {text}", passing=True)
        else:
            if kind == "type" and command[0] != "EVALSHA":
                # Scripts name the key themselves.
                text = f"{command[0]} {command[1]}: {text}"
            refusal = StoreRefused(f"{where} refused a command: {text}", rights=kind == "rights")
        refusal.__cause__ = error
        return refusal


def script_call(name: str, namespace: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Return the command that runs the script `name` in a namespace."""
    return ("EVALSHA", script(name).sha, 1, namespace, *arguments)
