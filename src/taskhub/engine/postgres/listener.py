"""The listener: one thread and one connection of a process that hear its notifications.

Each process listens to a channel of its own, `taskhub_<number>`, and to those that parts of the
engine ask for. It holds an advisory lock on its number, which ends with the connection: who wants
to notify it sees that way whether it lives (`sql/functions/announce.sql`).
"""

from __future__ import annotations

import logging
import math
import secrets
import select
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from taskhub.engine.backoff import pause_after
from taskhub.engine.postgres.connection import Waker, server_error
from taskhub.engine.postgres.errors import refusal_of
from taskhub.exceptions import OperationalError

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn

    from taskhub.engine.postgres.store import PostgresStore

logger = logging.getLogger(__name__)

#: An idle connection is asked for a sign of life this often, seconds.
PING_EVERY: Final = 15.0

#: Receives the text of a notification. Called from the listener's thread: it must be quick.
Hear = Callable[[str], None]


class Listener:
    """Passes notifications on to those who listen.

    Notifications that come while the connection is down are lost: who waits is then notified as if
    one had come, and `on_reconnect` is for others.

    Args:
        store: The database.
    """

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._connected = threading.Condition(self._lock)
        self._hearers: dict[str, list[Hear]] = defaultdict(list)
        #: Who waits on the channel of this process: notifiers by their numbers, and 0 for results.
        self._waiting: dict[int, Hear] = {}
        self._reconnected: list[Callable[[], None]] = []
        self._waker: Waker | None = None
        self._generation = 0
        # The number of this process, and the channels that it listens to; None: there is no
        # connection.
        self._number: int | None = None
        self._listening: set[str] = set()

    def register(self, waiting: int, hear: Hear, timeout: float = 5.0) -> int:
        """Hear what is sent to this process; return its number at present.

        Args:
            waiting: The number of a notifier, or 0 for results.
            hear: Called with each text.
            timeout: How long to wait for the connection, seconds.

        Raises:
            OperationalError: The server is out of reach.
        """
        with self._lock:
            self._waiting[waiting] = hear
            self._start()
            if not self._connected.wait_for(lambda: self._number is not None, timeout):
                self._waiting.pop(waiting, None)
                raise self._no_connection(timeout)
            assert self._number is not None
            return self._number

    def unregister(self, waiting: int) -> None:
        """Hear no longer what is sent to a notifier."""
        with self._lock:
            self._waiting.pop(waiting, None)

    def is_connected_as(self, number: int) -> bool:
        """Whether this process is still known by a number."""
        return self._number == number

    def listen(self, channel: str, hear: Hear, timeout: float = 5.0) -> None:
        """Hear the notifications of a channel from now on: those of transactions that commit later.

        Args:
            channel: Its name.
            hear: Called with the text of each.
            timeout: How long to wait until the server listens, seconds.

        Raises:
            OperationalError: The server is out of reach; it is heard once it is back.
        """
        with self._lock:
            self._hearers[channel].append(hear)
            self._start()
            if not self._connected.wait_for(lambda: channel in self._listening, timeout):
                raise self._no_connection(timeout)

    def unlisten(self, channel: str, hear: Hear) -> None:
        """Hear a channel no longer."""
        with self._lock:
            hearers = self._hearers.get(channel, [])
            if hear in hearers:
                hearers.remove(hear)
            if (
                not hearers
                and self._hearers.pop(channel, None) is not None
                and self._waker is not None
            ):
                self._waker.interrupt()

    def on_reconnect(self, call: Callable[[], None]) -> None:
        """Have a function called when the connection was lost and is there again."""
        with self._lock:
            self._reconnected.append(call)

    def forget_reconnect(self, call: Callable[[], None]) -> None:
        """Have it called no longer."""
        with self._lock:
            if call in self._reconnected:
                self._reconnected.remove(call)

    def close(self) -> None:
        """End the thread; the next to listen starts another."""
        with self._lock:
            self._generation += 1
            waker, self._waker = self._waker, None
            self._hearers.clear()
            self._waiting.clear()
            self._reconnected.clear()
            self._listening, self._number = set(), None
            if waker is not None:
                waker.interrupt()

    def _no_connection(self, timeout: float) -> OperationalError:
        return OperationalError(
            f"{self._store.connector.url.masked()}: no connection for notifications within "
            f"{timeout:g} s"
        )

    def _start(self) -> None:
        if self._waker is None:
            self._waker = Waker()
            self._generation += 1
            threading.Thread(
                target=self._run,
                args=(self._waker, self._generation),
                name="taskhub-listener",
                daemon=True,
            ).start()
        else:
            self._waker.interrupt()

    # -- the thread

    def _run(self, waker: Waker, generation: int) -> None:
        from psycopg import OperationalError as ConnectionLost

        failures = 0
        while generation == self._generation:
            opened: PGconn | None = None
            began = time.monotonic()
            try:
                opened = self._store.connector.connect()
                self._serve(opened, waker, generation, is_first=failures == 0)
            except Exception as error:
                # Whatever it was, the thread must go on: others wait for what it hears.
                failures = failures + 1 if time.monotonic() - began < PING_EVERY else 1
                if isinstance(error, OperationalError | ConnectionLost):
                    logger.warning("listening for notifications: %s; trying again", error)
                else:
                    logger.exception("listening for notifications failed; trying again")
                self._disconnect(generation)
                if generation == self._generation:
                    waker.wait(None, pause_after(failures))
            finally:
                if opened is not None:
                    opened.finish()
        waker.close()

    def _disconnect(self, generation: int) -> None:
        """Notify all who wait: what was sent meanwhile is lost."""
        with self._lock:
            if generation != self._generation:
                return
            was_connected = self._number is not None
            self._listening, self._number = set(), None
            waiting = list(self._waiting.values()) if was_connected else []
        for hear in waiting:
            _call(hear, "")

    def _serve(self, opened: PGconn, waker: Waker, generation: int, *, is_first: bool) -> None:
        # A new one each time: the server may not have noticed yet that the connection before ended.
        number = secrets.randbits(62)
        self._execute(opened, f"SELECT pg_advisory_lock({number})")
        self._execute(opened, f'LISTEN "taskhub_{number}"')
        heard_at = time.monotonic()
        listening: set[str] = set()
        while generation == self._generation:
            with self._lock:
                wanted = set(self._hearers)
            for channel in wanted - listening:
                self._execute(opened, f'LISTEN "{channel}"')
            for channel in listening - wanted:
                self._execute(opened, f'UNLISTEN "{channel}"')
            listening = wanted
            with self._connected:
                if generation == self._generation:
                    self._listening, self._number = set(listening), number
                    self._connected.notify_all()
            if not is_first:
                is_first = True
                with self._lock:
                    calls = list(self._reconnected)
                for call in calls:
                    _call(call)
            if self._pass_on(opened, f"taskhub_{number}"):
                heard_at = time.monotonic()
            if waker.wait(opened.socket, PING_EVERY):
                opened.consume_input()
                if opened.status:
                    raise OperationalError("the server closed the connection for notifications")
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at >= PING_EVERY:
                self._execute(opened, "SELECT 1")
                heard_at = time.monotonic()

    def _pass_on(self, opened: PGconn, own: str) -> bool:
        any_heard = False
        while (notification := opened.notifies()) is not None:
            any_heard = True
            channel, text = notification.relname.decode(), notification.extra.decode()
            with self._lock:
                hearers = list(self._hearers.get(channel, ()))
                if channel == own:
                    # "<number of a notifier> <topic>", or "r" and task ids.
                    word = text.partition(" ")[0]
                    hear_own = self._waiting.get(int(word) if word.isdigit() else 0)
                    hearers = [] if hear_own is None else [hear_own]
            for hear in hearers:
                _call(hear, text)
        return any_heard

    def _execute(self, opened: PGconn, text: str) -> None:
        """Run a statement that returns nothing of interest, within bounded time."""
        from psycopg.pq import ExecStatus

        opened.send_query(text.encode())
        deadline = time.monotonic() + self._store.connector.socket_timeout
        while True:
            while opened.flush() or opened.is_busy():
                poller = select.poll()
                poller.register(opened.socket, select.POLLIN)
                left = math.ceil((deadline - time.monotonic()) * 1000)
                if left <= 0 or not poller.poll(left):
                    raise OperationalError("the server stopped answering")
                opened.consume_input()
            result = opened.get_result()
            if result is None:
                return
            if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
                raise refusal_of(server_error(result), self._store.connector.url, text)


def _call(call: Callable[..., None], *arguments: str) -> None:
    try:
        call(*arguments)
    except Exception:
        logger.exception("a callback for a notification failed")
