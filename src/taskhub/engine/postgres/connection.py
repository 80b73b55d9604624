"""Connections: several statements in one round trip, with a reply within bounded time.

Statements travel in libpq's pipeline mode. Those up to a `Sync` are one transaction: all of it or
nothing is done, and no transaction is open while this process thinks.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import struct
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taskhub.engine.postgres.connector import Connector
from taskhub.engine.postgres.errors import ServerError, refusal_of
from taskhub.engine.postgres.statements import Statement
from taskhub.engine.postgres.values import DECODERS, encode
from taskhub.exceptions import OperationalError, StoreRefused

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

#: A connection that was idle for longer is looked at before it is used: the server, or a firewall,
#: may have closed it. Seconds.
_IDLE: Final = 1.0

Row = tuple[Any, ...]
#: A statement, its parameters as they are sent, and their formats.
_Encoded = tuple[Statement, list[bytes | None], list[int]]


class Call(NamedTuple):
    """A statement and its parameters."""

    statement: Statement
    parameters: Sequence[Any] = ()


#: The rows of each statement of a transaction, or why the server refused it.
Reply = list[list[Row]] | StoreRefused


class Connection:
    """One connection, used by one thread at a time; opened when needed, dropped when it breaks.

    A request either brings all replies or raises; after an `OperationalError` that is no
    `StoreRefused` it is unknown what the server has done.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._opened: PGconn | None = None
        self._prepared: set[str] = set()
        self._used_at = 0.0

    def request(self, *transactions: Sequence[Call]) -> list[Reply]:
        """Send transactions in one write; return the reply to each. Each is done by itself.

        Raises:
            OperationalError: The server is out of reach.
        """
        from psycopg import OperationalError as ConnectionLost

        try:
            encoded = [[_encoded(call) for call in calls] for calls in transactions]
        except (TypeError, ValueError, OverflowError, struct.error) as error:
            raise StoreRefused(f"a value cannot be sent to the store: {error}") from error
        opened = self._usable()
        try:
            for calls in encoded:
                self._send(opened, calls)
            self._flush(opened)
            replies = [self._receive(opened, calls) for calls in encoded]
        except (ConnectionLost, OSError) as error:
            self.close()
            raise OperationalError(
                f"lost the connection to {self._connector.url.masked()}: {error}"
            ) from error
        except BaseException:
            # Interrupted between request and reply: what is still to come would be read as the next
            # one's reply.
            self.close()
            raise
        self._used_at = time.monotonic()
        return replies

    def close(self) -> None:
        """Drop the connection; the next request opens another."""
        opened, self._opened = self._opened, None
        self._prepared.clear()
        if opened is not None:
            with contextlib.suppress(Exception):
                opened.finish()

    def _usable(self) -> PGconn:
        opened = self._opened
        if opened is not None and time.monotonic() - self._used_at > _IDLE and _has_ended(opened):
            self.close()
            opened = None
        if opened is None:
            opened = self._opened = self._connector.connect()
            opened.enter_pipeline_mode()
        return opened

    def _send(self, opened: PGconn, calls: Sequence[_Encoded]) -> None:
        under_way: set[str] = set()
        for statement, values, formats in calls:
            if not self._connector.prepares:
                opened.send_query_params(statement.text, values, None, formats, 1)
                continue
            if statement.name not in self._prepared | under_way:
                under_way.add(statement.name)
                opened.send_prepare(statement.name.encode(), statement.text)
            opened.send_query_prepared(statement.name.encode(), values, formats, 1)
        opened.pipeline_sync()

    def _flush(self, opened: PGconn) -> None:
        deadline = time.monotonic() + self._connector.socket_timeout
        while opened.flush():
            # The server may have to get rid of replies before it reads on.
            if self._poll(opened, select.POLLIN | select.POLLOUT, deadline) & select.POLLIN:
                opened.consume_input()

    def _receive(self, opened: PGconn, calls: Sequence[_Encoded]) -> Reply:
        """Read the replies to a transaction, up to its end."""
        from psycopg.pq import ExecStatus

        rows: list[list[Row]] = []
        refused: tuple[ServerError, str] | None = None
        awaited = self._awaited(calls)
        while True:
            result = self._next_result(opened)
            if result is None:
                continue
            status = result.status
            if status == ExecStatus.PIPELINE_SYNC:
                break
            name, is_parse = awaited.pop(0) if awaited else ("the commit", False)
            if status == ExecStatus.FATAL_ERROR:
                error = server_error(result)
                if error.ends_connection:
                    self.close()
                    raise OperationalError(
                        f"lost the connection to {self._connector.url.masked()}: {error.message}"
                    )
                refused = refused or (error, name)
            elif is_parse and status == ExecStatus.COMMAND_OK:
                self._prepared.add(name)
            elif status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
                rows.append(_rows(result))
        if refused is None:
            return rows
        error, name = refused
        if error.code in ("0A000", "26000"):
            # Prepared before the schema was upgraded, or on another connection of a pooler.
            self.close()
        refusal = refusal_of(error, self._connector.url, name)
        refusal.__cause__ = ServerRefusal(error)
        return refusal

    def _awaited(self, calls: Sequence[_Encoded]) -> list[tuple[str, bool]]:
        """Return the results that a transaction brings: of which statement, if of its parsing."""
        awaited: list[tuple[str, bool]] = []
        seen: set[str] = set()
        for statement, _, _ in calls:
            name = statement.name
            if self._connector.prepares and name not in self._prepared and name not in seen:
                awaited.append((name, True))
            seen.add(name)
            awaited.append((name, False))
        return awaited

    def _next_result(self, opened: PGconn) -> PGresult | None:
        deadline = time.monotonic() + self._connector.socket_timeout
        while opened.is_busy():
            self._poll(opened, select.POLLIN, deadline)
            opened.consume_input()
        return opened.get_result()

    def _poll(self, opened: PGconn, events: int, deadline: float) -> int:
        poller = select.poll()
        poller.register(opened.socket, events)
        left = deadline - time.monotonic()
        found = poller.poll(math.ceil(left * 1000)) if left > 0 else []
        if not found:
            raise TimeoutError(f"no answer within {self._connector.socket_timeout:g} s")
        return found[0][1]


class ServerRefusal(Exception):
    """What a server said when it refused a statement.

    Args:
        error: Its own words and code.
    """

    def __init__(self, error: ServerError) -> None:
        super().__init__(f"{error.code} {error.message}")
        self.error = error


def _encoded(call: Call) -> _Encoded:
    pairs = [encode(value) for value in call.parameters]
    return call.statement, [value for value, _ in pairs], [form for _, form in pairs]


def _rows(result: PGresult) -> list[Row]:
    columns = [DECODERS.get(result.ftype(column), bytes) for column in range(result.nfields)]
    read = result.get_value
    found: list[Row] = []
    for row in range(result.ntuples):
        values = []
        for column, decode in enumerate(columns):
            data = read(row, column)
            values.append(None if data is None else decode(data))
        found.append(tuple(values))
    return found


def server_error(result: PGresult) -> ServerError:
    """Return what the server said of a statement that failed."""
    from psycopg.pq import DiagnosticField

    def field(name: DiagnosticField) -> str:
        return (result.error_field(name) or b"").decode(errors="replace")

    severity = field(DiagnosticField.SEVERITY_NONLOCALIZED)
    message = field(DiagnosticField.MESSAGE_PRIMARY)
    if not severity:
        # libpq's own words: the connection broke.
        return ServerError("FATAL", "08006", result.get_error_message())
    return ServerError(severity, field(DiagnosticField.SQLSTATE), message)


def _has_ended(opened: PGconn) -> bool:
    """Whether a connection on which nothing is under way was closed by the other side."""
    from psycopg import OperationalError as ConnectionLost
    from psycopg.pq import ConnStatus

    try:
        poller = select.poll()
        poller.register(opened.socket, select.POLLIN)
        if poller.poll(0):
            opened.consume_input()
    except (ConnectionLost, OSError):
        return True
    return opened.status != ConnStatus.OK


class Waker:
    """Lets one thread wait for a socket while others may interrupt it."""

    def __init__(self) -> None:
        # Guards the pipe against being closed, and its number reused, while another thread writes.
        self._lock = threading.Lock()
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._woken, False)
        os.set_blocking(self._waker, False)

    def wait(self, descriptor: int | None, timeout: float) -> bool:
        """Wait until there is something to read, or `interrupt`; returns whether there is."""
        # Not select(), which refuses descriptors beyond 1024: a busy service has those.
        poller = select.poll()
        poller.register(self._woken, select.POLLIN)
        if descriptor is not None:
            poller.register(descriptor, select.POLLIN)
        ready = {found for found, _ in poller.poll(math.ceil(max(0.0, timeout) * 1000))}
        if self._woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, 4096)
        return descriptor in ready

    def interrupt(self) -> None:
        """Make a `wait` that is under way, or else the next one, return at once."""
        with self._lock, contextlib.suppress(OSError):
            os.write(self._waker, b"!")

    def close(self) -> None:
        """Free the pipe."""
        with self._lock:
            for descriptor in (self._woken, self._waker):
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            self._woken = self._waker = -1
