"""A connection on which replies arrive at any time; other threads can interrupt its reader."""

from __future__ import annotations

import contextlib
import math
import os
import select
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taskhub.engine.redis.connector import socket_of
from taskhub.engine.redis.encoding import packed
from taskhub.exceptions import OperationalError

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

    from taskhub.engine.redis.connector import Connector


#: What `Line.wait` returns when nothing has arrived; a reply may itself be None.
NOTHING: Any = object()


class Line:
    """Owned by one thread, which alone sends and waits; any thread may `interrupt` it.

    One thread does both because a TLS socket must not be read and written at the same time.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._connection: AbstractConnection | None = None
        # Guards the pipe against being closed, and its number reused, while another thread writes.
        self._pipe_lock = threading.Lock()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._waker, False)

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; `send` opens one."""
        return self._connection is not None

    def send(self, *commands: Sequence[Any]) -> None:
        """Send commands without waiting for their replies.

        Raises:
            OperationalError: the store is out of reach; the line is closed.
        """
        if self._connection is None:
            self._connection = self._connector.connect()
        connection, message = self._connection, packed(commands)
        try:
            connection.send_packed_command([message])
        except Exception as error:
            self.hang_up()
            raise OperationalError(
                f"lost the connection to {self._connector.url.masked()}: {error}"
            ) from error

    def read_ready(self) -> Any:
        """Return the next reply if it is there, else `NOTHING`.

        Raises:
            OperationalError: the connection broke; the line is closed.
        """
        try:
            if self._connection is not None and self._connection.can_read(0):
                return self._connection.read_response()
        except Exception as error:
            raise self._broken(error) from error
        return NOTHING

    def wait(self, timeout: float, beside: Line | None = None) -> Any:
        """Return the next reply; `NOTHING` after `timeout` seconds, or `interrupt`.

        Args:
            timeout: Seconds.
            beside: Another line of the same thread; what arrives there ends the wait, too.

        Raises:
            OperationalError: the connection broke; the line is closed.
        """
        deadline = time.monotonic() + timeout
        try:
            if self._connection is not None and self._connection.can_read(0):
                return self._connection.read_response()
            if beside is not None and beside._has_reply():
                return NOTHING
            while True:
                # Not select(), which refuses descriptors beyond 1024: a busy service has those.
                poller = select.poll()
                poller.register(self._woken, select.POLLIN)
                for connection in (self._connection, beside and beside._connection):
                    opened = connection and socket_of(connection)
                    if opened:
                        poller.register(opened, select.POLLIN)
                    elif connection is self._connection and connection is not None:
                        raise ConnectionError("it is closed")
                left = max(0.0, deadline - time.monotonic())
                ready = {descriptor for descriptor, _ in poller.poll(math.ceil(left * 1000))}
                if self._woken in ready:
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._woken, 4096)
                    return NOTHING
                if not ready:
                    return NOTHING
                if self._connection is not None and self._connection.can_read(0):
                    return self._connection.read_response()
                if beside is not None:
                    return NOTHING
        except Exception as error:
            raise self._broken(error) from error

    def _has_reply(self) -> bool:
        return self._connection is not None and self._connection.can_read(0)

    @staticmethod
    def is_refusal(error: OperationalError) -> bool:
        """Whether an error of this class says that the server refused a command."""
        import redis.exceptions as errors

        return isinstance(error.__cause__, errors.ResponseError)

    def interrupt(self) -> None:
        """Make a `wait` that is under way, or else the next one, return at once."""
        with self._pipe_lock, contextlib.suppress(OSError):
            os.write(self._waker, b"!")

    def hang_up(self) -> None:
        """Drop the connection; the next `send` opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.disconnect()

    def close(self) -> None:
        """Drop the connection and the means to be woken."""
        self.hang_up()
        with self._pipe_lock:
            for descriptor in (self._woken, self._waker):
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            self._woken = self._waker = -1

    def _broken(self, error: Exception) -> OperationalError:
        self.hang_up()
        return OperationalError(f"lost the connection to {self._connector.url.masked()}: {error}")
