"""Result documents in Redis, where and as Celery keeps them."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.engine.port.claims import Completion
from taskhub.engine.port.results import DocumentCallback, Subscription
from taskhub.engine.redis.arguments import all_documents
from taskhub.engine.redis.connection_pool import ChannelPool
from taskhub.engine.redis.push_connection import NOTHING, Line
from taskhub.exceptions import OperationalError, StoreRefused
from taskhub.names import check_id

if TYPE_CHECKING:
    from taskhub.engine.redis.connector import Connector

logger = logging.getLogger(__name__)

#: Celery's key, and the channel on which each document is published.
PREFIX = "celery-task-meta-"
#: Celery's key for the results of a saved group.
GROUP_PREFIX = "celery-taskset-meta-"

#: Ids per command when many are read or followed at once.
PAGE = 1000
#: An idle listener asks for a sign of life this often, and takes silence for a dead connection;
#: seconds.
PING_EVERY = 15.0
#: What is followed is read again this often, seconds: a notification may have been refused, or the
#: address may lead to another server by now while the old one still answers.
READ_EVERY = 15.0
#: The same where the server lets this user follow nothing.
POLL_EVERY = 0.5


def pages(items: Sequence[str]) -> list[Sequence[str]]:
    """Cut ids into pages of commands."""
    return [items[start : start + PAGE] for start in range(0, len(items), PAGE)]


class ResultStore:
    """Reads, deletes and follows result documents.

    Args:
        connector: Opens the connection that follows them.
        pool: The connections for everything else.
        prefix: Stands before Celery's names of keys.
    """

    def __init__(self, connector: Connector, pool: ChannelPool, prefix: str = "") -> None:
        self._pool = pool
        self._prefix = prefix + PREFIX
        self._group_prefix = prefix + GROUP_PREFIX
        self._listener = Listener(connector, self.read, self._prefix)

    def read(self, task_ids: Sequence[str]) -> list[bytes | None]:
        """Return the documents of these ids."""
        if not task_ids:
            return []
        commands = [
            ("MGET", *(self._prefix + task_id for task_id in page)) for page in pages(task_ids)
        ]
        return [document for reply in self._pool.call(commands) for document in reply]

    def delete(self, task_ids: Sequence[str]) -> None:
        """Delete the documents of these ids."""
        self._pool.call(
            [("UNLINK", *(self._prefix + task_id for task_id in page)) for page in pages(task_ids)]
        )

    def write(self, documents: Sequence[tuple[str, str, int | None]]) -> None:
        """Store and publish documents (task id, document, ms to live) on a server of their own."""
        commands: list[tuple[Any, ...]] = []
        for task_id, document, ttl in documents:
            expiry = () if ttl is None else ("PX", ttl)
            commands.append(("SET", self._prefix + task_id, document, *expiry))
            commands.append(("PUBLISH", self._prefix + task_id, document))
        self._pool.call(commands)

    def write_all(self, completions: Iterable[Completion]) -> None:
        """Store and publish all documents of outcomes on a server of their own."""
        documents = [
            (task_id, text, outcome.ttl)
            for _, outcome, _ in completions
            for task_id, text in all_documents(outcome)
        ]
        if documents:
            self.write(documents)

    def store_group(self, group_id: str, document: str, ttl: int | None) -> None:
        """Keep which results a group has, as Celery does."""
        expiry = () if ttl is None else ("PX", ttl)
        self._pool.call([("SET", self._group_prefix + group_id, document, *expiry)])

    def group(self, group_id: str) -> bytes | None:
        """Return what `store_group` kept."""
        document: bytes | None = self._pool.call([("GET", self._group_prefix + group_id)])[0]
        return document

    def forget_group(self, group_id: str) -> None:
        """Delete what `store_group` kept."""
        self._pool.call([("UNLINK", self._group_prefix + group_id)])

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        """Call back with each present document and with each that is stored from now on."""
        return self._listener.follow(task_ids, callback)

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


class Listener:
    """One thread and one connection that follow the channels of all awaited results."""

    def __init__(self, connector: Connector, read: Any, prefix: str) -> None:
        self._prefix = prefix
        self._prefix_length = len(prefix.encode())
        self._connector = connector
        self._read = read
        self._lock = threading.Lock()
        self._followers: dict[str, list[DocumentCallback]] = defaultdict(list)
        self._requested: list[tuple[str, list[str]]] = []
        self._line: Line | None = None
        self._generation = 0
        # Whether the server lets this user follow nothing.
        self._forbidden = False
        self._read_at = 0.0

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        """Begin to follow; the thread is started by the first to need it."""
        # One that cannot be sent would end the wait of everybody, so its caller gets the error.
        ids = list(dict.fromkeys(check_id("the id of a task", task_id) for task_id in task_ids))
        with self._lock:
            for task_id in ids:
                self._followers[task_id].append(callback)
            self._requested.append(("SUBSCRIBE", ids))
            if self._line is None:
                self._line = Line(self._connector)
                self._generation += 1
                threading.Thread(
                    target=self._run,
                    args=(self._line, self._generation),
                    name="taskhub-results",
                    daemon=True,
                ).start()
            self._line.interrupt()
        return _Following(self, ids, callback)

    def unfollow(self, task_ids: Sequence[str], callback: DocumentCallback) -> None:
        """Stop following; channels that nobody follows are left."""
        with self._lock:
            left = []
            for task_id in task_ids:
                callbacks = self._followers.get(task_id, [])
                if callback in callbacks:
                    callbacks.remove(callback)
                if not callbacks and self._followers.pop(task_id, None) is not None:
                    left.append(task_id)
            if left and self._line is not None:
                self._requested.append(("UNSUBSCRIBE", left))
                self._line.interrupt()

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._generation += 1
            line, self._line = self._line, None
            self._followers.clear()
            self._requested.clear()
            if line is not None:
                line.interrupt()

    def _run(self, line: Line, generation: int) -> None:
        failures = 0
        self._read_at = time.monotonic()
        while generation == self._generation:
            began = time.monotonic()
            try:
                self._serve(line, generation)
            except Exception as error:
                # Whatever it was, the thread must go on: others wait for what it hears.
                if self._is_forbidden(error):
                    logger.error(
                        "this user may not follow results, they are polled instead: %s", error
                    )
                elif isinstance(error, OperationalError):
                    logger.warning("waiting for results: %s; trying again", error)
                else:
                    logger.exception("waiting for results failed; trying again")
                failures = failures + 1 if time.monotonic() - began < PING_EVERY else 1
                line.hang_up()
                line.wait(min(0.1 * failures, 2.0))
                with self._lock:
                    # A new connection knows nothing: every followed id is requested again.
                    if generation != self._generation:
                        break
                    self._requested = (
                        [("SUBSCRIBE", list(self._followers))] if self._followers else []
                    )
        line.close()

    def _serve(self, line: Line, generation: int) -> None:
        heard, pinged = time.monotonic(), None
        while generation == self._generation:
            with self._lock:
                if generation != self._generation:
                    return
                requested, self._requested = self._requested, []
            for verb, ids in () if self._forbidden else requested:
                for page in pages(ids):
                    line.send((verb, *(self._prefix + task_id for task_id in page)))
            every = POLL_EVERY if self._forbidden else READ_EVERY
            reply = line.wait(min(PING_EVERY, every))
            now = time.monotonic()
            if now - self._read_at >= every:
                self._read_at = now
                with self._lock:
                    followed = list(self._followers)
                self._deliver_stored(followed)
            if reply is not NOTHING:
                heard, pinged = now, None
                self._dispatch(reply, line)
            elif not line.is_open or not self._followers:
                heard, pinged = now, None
            elif pinged is None and now - heard >= PING_EVERY:
                line.send(("PING",))
                pinged = now
            elif pinged is not None and now - pinged >= PING_EVERY:
                raise OperationalError("the result store stopped answering")

    def _dispatch(self, reply: Any, line: Line) -> None:
        """Deliver a message; when channels begin to be followed, what they hold already."""
        subscribed = []
        while reply is not NOTHING:
            # Outside of any subscription a PING is answered by a plain text.
            kind, channel = (reply[0], reply[1]) if isinstance(reply, list) else (reply, b"")
            if kind == b"message":
                self._deliver(channel[self._prefix_length :].decode(), reply[2])
            elif kind == b"subscribe":
                subscribed.append(channel[self._prefix_length :].decode())
            # Acknowledgements of a long SUBSCRIBE come in a row: one read for all of them.
            reply = line.wait(0) if subscribed else NOTHING
        self._deliver_stored(subscribed)

    def _deliver_stored(self, task_ids: list[str]) -> None:
        documents: Sequence[bytes | StoreRefused | None]
        try:
            documents = self._read(task_ids)
        except StoreRefused as refusal:
            if not refusal.rights:
                raise
            # Who may read no result would wait forever.
            documents = [refusal] * len(task_ids)
        for task_id, document in zip(task_ids, documents, strict=True):
            if document is not None:
                self._deliver(task_id, document)

    def _is_forbidden(self, error: Exception) -> bool:
        """Whether an error says for the first time that this user may follow nothing."""
        import redis.exceptions as errors

        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, errors.NoPermissionError):
            cause = cause.__cause__
        before, self._forbidden = self._forbidden, self._forbidden or cause is not None
        return self._forbidden and not before

    def _deliver(self, task_id: str, document: bytes | StoreRefused) -> None:
        with self._lock:
            callbacks = list(self._followers.get(task_id, ()))
        for callback in callbacks:
            try:
                callback(task_id, document)
            except Exception:
                logger.exception("a callback for the result of %s failed", task_id)


class _Following(Subscription):
    def __init__(self, listener: Listener, task_ids: list[str], callback: DocumentCallback) -> None:
        self._listener = listener
        self._task_ids = task_ids
        self._callback = callback

    def close(self) -> None:
        task_ids, self._task_ids = self._task_ids, []
        if task_ids:
            self._listener.unfollow(task_ids, self._callback)
