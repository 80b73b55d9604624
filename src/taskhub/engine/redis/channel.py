"""One connection to the store, used by one thread at a time: sends commands in one go and reads their replies."""

from __future__ import annotations

import contextlib
import itertools
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taskhub.engine.redis.packing import packed
from taskhub.engine.redis.scripts import Script, script
from taskhub.exceptions import OperationalError

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

    from taskhub.engine.redis.connecting import Connector

#: Replies that mean "not now" or "not this server": the connection is dropped, and the call may be
#: repeated. redis-py takes the code of those that it has a class for away from the text.
_UNREADY = ("NOREPLICAS", "MISCONF")


class Channel:
    """A connection that is opened when it is needed and dropped when it breaks.

    A call either brings all replies or raises; after `OperationalError` it is unknown what the server has done.
    """

    def __init__(self, connector: Connector) -> None:
        #: Tells this channel's calls from all others, over any number of connections.
        self.name = uuid.uuid4().hex
        self._numbers = itertools.count(1)
        self._connector = connector
        self._connection: AbstractConnection | None = None

    def call(self, commands: Sequence[Sequence[Any]]) -> list[Any]:
        """Send commands in one write and return their replies.

        Raises:
          OperationalError: the server is out of reach, not ready to serve, or refused a command.
        """
        import redis.exceptions as errors

        connection = self._connection or self._open()
        try:
            connection.send_packed_command([packed(commands)])
            replies = [self._read(connection) for _ in commands]
        except (errors.ConnectionError, errors.TimeoutError, OSError) as error:
            self.close()
            raise OperationalError(
                f"lost the connection to {self._connector.url.masked()}: {error}"
            ) from error
        except BaseException:
            # Interrupted between request and reply: what is still to come would be read as the next call's reply.
            self.close()
            raise
        for index, reply in enumerate(replies):
            if isinstance(reply, errors.NoScriptError):
                self.call([("SCRIPT", "LOAD", self._text_of(commands[index]))])
                replies[index] = self.call([commands[index]])[0]
            elif isinstance(reply, Exception):
                self._refuse(reply)
        return replies

    def next_number(self) -> int:
        """Return the number of a call that must not be served twice."""
        return next(self._numbers)

    def run(self, name: str, namespace: str, arguments: Sequence[Any]) -> Any:
        """Run one script and return its reply."""
        return self.call([script_call(name, namespace, arguments)])[0]

    def close(self) -> None:
        """Drop the connection; the next call opens another."""
        connection, self._connection = self._connection, None
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

    def _refuse(self, error: Exception) -> None:
        import redis.exceptions as errors

        unready = (
            errors.ReadOnlyError,
            errors.MasterDownError,
            errors.TryAgainError,
            errors.ClusterDownError,
        )
        text = str(error)
        where = self._connector.url.masked()
        # Up to 6.2 a script's error is wrapped into one of another class.
        if isinstance(error, unready) or text.startswith(_UNREADY) or "-READONLY" in text:
            self.close()
            raise OperationalError(f"{where} is not ready: {text}") from error
        if isinstance(error, errors.OutOfMemoryError) or "-OOM" in text:
            raise OperationalError(
                f"{where} is out of memory and refuses writes: raise its maxmemory, or make room"
            ) from error
        raise OperationalError(f"{where} refused a command: {text}") from error

    @staticmethod
    def _text_of(command: Sequence[Any]) -> str:
        known: Script = next(found for found in map(script, ALL_SCRIPTS) if found.sha == command[1])
        return known.text


ALL_SCRIPTS = (
    "enqueue",
    "claim",
    "commit",
    "acknowledge",
    "give_back",
    "renew",
    "release",
    "revoke",
    "purge",
    "store",
    "open_chords",
    "store_chains",
    "introduce",
    "revoke_stamps",
    "revive",
    "drop_dead",
    "post",
    "reply",
    "take",
    "lead",
    "resign",
    "tick",
    "change_entry",
    "hold",
    "let_go",
    "take_turns",
    "set_pace",
    "purge_throttled",
)


def script_call(name: str, namespace: str, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Return the command that runs the script `name` in a namespace."""
    return ("EVALSHA", script(name).sha, 1, namespace, *arguments)
