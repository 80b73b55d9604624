"""Control messages in a table, numbered in order, and their replies in one that is read once."""

from __future__ import annotations

import contextlib
import hashlib
from collections import deque
from typing import Final

from taskhub.engine.port.control_bus import (
    ControlBus,
    ControlMessage,
    ControlSubscription,
    ReplyCollector,
)
from taskhub.engine.postgres.channel_watch import ChannelWatch
from taskhub.engine.postgres.store import PostgresStore
from taskhub.exceptions import OperationalError

#: Messages that are kept for those who were away for a moment.
MESSAGES_KEPT: Final = 1000
#: Messages per read.
PAGE: Final = 100
#: How long replies wait for their collector, and claimed names are remembered, ms.
KEPT: Final = 60_000


class PostgresControlBus(ControlBus):
    """Keeps at least the last thousand messages: a subscription that reconnects misses none.

    Args:
        store: The database.
    """

    def __init__(self, store: PostgresStore) -> None:
        self._store = store

    def publish_command(self, text: str) -> None:
        self._store.run("publish_control", self._store.now, text, MESSAGES_KEPT)

    def subscribe(self, after: str | None = None) -> ControlSubscription:
        if after is None:
            after = str(self._store.run_one("last_control"))
        return _PostgresSubscription(self._store, after)

    def send_reply(self, reply_to: str, text: str) -> None:
        self._store.run("send_reply", self._store.now, reply_to, text, KEPT)

    def collect_replies(self, reply_to: str) -> ReplyCollector:
        return _PostgresReplyCollector(self._store, reply_to)

    def claim_once(self, name: str) -> bool:
        # Not repeated when its reply is lost: the second time it would not be the first.
        return bool(self._store.run("claim_once", self._store.now, name, KEPT, retry=None))


class _PostgresSubscription(ControlSubscription):
    """Reads on behind the last message whenever one was published."""

    def __init__(self, store: PostgresStore, after: str) -> None:
        self.last_id = after
        self._store = store
        self._watch = ChannelWatch(store, "control")

    def receive(self, timeout: float) -> list[ControlMessage]:
        return self._watch.read(timeout, self._read)

    def _read(self) -> list[ControlMessage]:
        now = self._store.now
        rows = self._store.run("read_control", now, int(self.last_id), PAGE)
        if rows:
            self.last_id = str(rows[-1][0])
        if len(rows) == PAGE:
            self._watch.note_news()
        return [
            ControlMessage(str(number), text.encode(), elapsed) for number, text, elapsed in rows
        ]

    def interrupt(self) -> None:
        self._watch.interrupt()

    def close(self) -> None:
        self._watch.close()


class _PostgresReplyCollector(ReplyCollector):
    """Reads the replies of its address when one was sent, each once."""

    def __init__(self, store: PostgresStore, reply_to: str) -> None:
        self._store = store
        self._reply_to = reply_to
        digest = hashlib.md5(reply_to.encode(), usedforsecurity=False).hexdigest()
        self._watch = ChannelWatch(store, "replies", digest)
        self._received: list[int] = []
        self._waiting: deque[bytes] = deque()

    def receive(self, timeout: float) -> bytes | None:
        if not self._waiting:
            self._waiting.extend(self._watch.read(timeout, self._read))
        return self._waiting.popleft() if self._waiting else None

    def _read(self) -> list[bytes]:
        rows = self._store.run("read_replies", self._reply_to, self._received)
        self._received += [number for number, _ in rows]
        return [text.encode() for _, text in rows]

    def close(self) -> None:
        self._watch.close()
        # They are forgotten in a minute, too.
        with contextlib.suppress(OperationalError):
            self._store.run("delete_replies", self._reply_to, retry=None)
