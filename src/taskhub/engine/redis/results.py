"""Result documents in Redis, where and as Celery keeps them."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from taskhub.engine.port import DocumentCallback, Subscription
from taskhub.engine.redis.line import NOTHING, Line
from taskhub.engine.redis.pool import ChannelPool
from taskhub.exceptions import OperationalError

if TYPE_CHECKING:
    from taskhub.engine.redis.connecting import Connector

logger = logging.getLogger(__name__)

#: Celery's key, and the channel on which each document is published.
PREFIX = "celery-task-meta-"
#: Celery's key for the results of a saved group.
GROUP_PREFIX = "celery-taskset-meta-"

#: Ids per command when many are read or followed at once.
PAGE = 1000
#: An idle listener asks for a sign of life this often, and takes silence for a dead connection; seconds.
PING_EVERY = 15.0


def pages(items: Sequence[str]) -> list[Sequence[str]]:
    """Cut ids into pages of commands."""
    return [items[start : start + PAGE] for start in range(0, len(items), PAGE)]


class ResultStore:
    """Reads, deletes and follows result documents."""

    def __init__(self, connector: Connector, pool: ChannelPool) -> None:
        self._pool = pool
        self._listener = Listener(connector, self.read)

    def read(self, task_ids: Sequence[str]) -> list[bytes | None]:
        """Return the documents of these ids."""
        commands = [("MGET", *(PREFIX + task_id for task_id in page)) for page in pages(task_ids)]
        return [document for reply in self._pool.call(commands) for document in reply]

    def delete(self, task_ids: Sequence[str]) -> None:
        """Delete the documents of these ids."""
        self._pool.call(
            [("UNLINK", *(PREFIX + task_id for task_id in page)) for page in pages(task_ids)]
        )

    def write(self, documents: Sequence[tuple[str, str, int | None]]) -> None:
        """Store and publish documents (task id, document, ms to live) on a server of their own."""
        commands: list[tuple[Any, ...]] = []
        for task_id, document, ttl in documents:
            expiry = () if ttl is None else ("PX", ttl)
            commands.append(("SET", PREFIX + task_id, document, *expiry))
            commands.append(("PUBLISH", PREFIX + task_id, document))
        self._pool.call(commands)

    def store_group(self, group_id: str, document: str, ttl: int | None) -> None:
        """Keep which results a group has, as Celery does."""
        expiry = () if ttl is None else ("PX", ttl)
        self._pool.call([("SET", GROUP_PREFIX + group_id, document, *expiry)])

    def group(self, group_id: str) -> bytes | None:
        """Return what `store_group` kept."""
        document: bytes | None = self._pool.call([("GET", GROUP_PREFIX + group_id)])[0]
        return document

    def forget_group(self, group_id: str) -> None:
        """Delete what `store_group` kept."""
        self._pool.call([("UNLINK", GROUP_PREFIX + group_id)])

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        """Call back with each present document and with each that is stored from now on."""
        return self._listener.follow(task_ids, callback)

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


class Listener:
    """One thread and one connection that follow the channels of all the results that somebody waits for."""

    def __init__(self, connector: Connector, read: Any) -> None:
        self._connector = connector
        self._read = read
        self._lock = threading.Lock()
        self._followers: dict[str, list[DocumentCallback]] = defaultdict(list)
        self._asked: list[tuple[str, list[str]]] = []
        self._line: Line | None = None
        self._generation = 0

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        """Begin to follow; the thread is started by the first to need it."""
        ids = list(dict.fromkeys(task_ids))
        with self._lock:
            for task_id in ids:
                self._followers[task_id].append(callback)
            self._asked.append(("SUBSCRIBE", ids))
            if self._line is None:
                self._line = Line(self._connector)
                self._generation += 1
                threading.Thread(
                    target=self._run,
                    args=(self._line, self._generation),
                    name="taskhub-results",
                    daemon=True,
                ).start()
            self._line.wake()
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
                self._asked.append(("UNSUBSCRIBE", left))
                self._line.wake()

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._generation += 1
            line, self._line = self._line, None
            self._followers.clear()
            self._asked.clear()
            if line is not None:
                line.wake()

    def _run(self, line: Line, generation: int) -> None:
        failures = 0
        while generation == self._generation:
            began = time.monotonic()
            try:
                self._serve(line, generation)
            except Exception as error:
                # Whatever it was, the thread must go on: others wait for what it hears.
                if isinstance(error, OperationalError):
                    logger.warning("waiting for results: %s; trying again", error)
                else:
                    logger.exception("waiting for results failed; trying again")
                failures = failures + 1 if time.monotonic() - began < PING_EVERY else 1
                line.hang_up()
                line.wait(min(0.1 * failures, 2.0))
                with self._lock:
                    # A new connection knows nothing: every id that is followed is asked for again.
                    if generation != self._generation:
                        break
                    self._asked = [("SUBSCRIBE", list(self._followers))] if self._followers else []
        line.close()

    def _serve(self, line: Line, generation: int) -> None:
        heard, pinged = time.monotonic(), None
        while generation == self._generation:
            with self._lock:
                if generation != self._generation:
                    return
                asked, self._asked = self._asked, []
            for verb, ids in asked:
                for page in pages(ids):
                    line.send((verb, *(PREFIX + task_id for task_id in page)))
            reply = line.wait(PING_EVERY)
            now = time.monotonic()
            if reply is not NOTHING:
                heard, pinged = now, None
                self._take(reply, line)
            elif not line.is_open or not self._followers:
                heard, pinged = now, None
            elif pinged is None and now - heard >= PING_EVERY:
                line.send(("PING",))
                pinged = now
            elif pinged is not None and now - pinged >= PING_EVERY:
                raise OperationalError("the result store stopped answering")

    def _take(self, reply: Any, line: Line) -> None:
        """Deliver a message; on the word that channels are followed, deliver what they hold already."""
        subscribed = []
        while reply is not NOTHING:
            # Outside of any subscription a PING is answered by a plain text.
            kind, channel = (reply[0], reply[1]) if isinstance(reply, list) else (reply, b"")
            if kind == b"message":
                self._deliver(channel[len(PREFIX) :].decode(), reply[2])
            elif kind == b"subscribe":
                subscribed.append(channel[len(PREFIX) :].decode())
            # Acknowledgements of a long SUBSCRIBE come in a row: one read for all of them.
            reply = line.wait(0) if subscribed else NOTHING
        if subscribed:
            for task_id, document in zip(subscribed, self._read(subscribed), strict=True):
                if document is not None:
                    self._deliver(task_id, document)

    def _deliver(self, task_id: str, document: bytes) -> None:
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
