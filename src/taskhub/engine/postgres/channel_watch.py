"""Waiting for what others write: a notification says when to read; a slow poll catches the rest."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from taskhub.engine.postgres.listener import Listener
from taskhub.engine.postgres.statements import in_schema
from taskhub.engine.postgres.store import PostgresStore

#: Without a notification it is read this often, seconds: one may be lost with its connection, and
#: none comes through a pooler in transaction mode.
POLL_EVERY: Final = 5.0

T = TypeVar("T")


def channel_of(store: PostgresStore, name: str) -> str:
    """Return the channel of `pg_notify('taskhub_' || md5('taskhub.<name>'), ...)` in SQL files."""
    text = in_schema(f"taskhub.{name}", store.schema)
    return f"taskhub_{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}"


class ChannelWatch:
    """Wakes one thread when there is more to read; others may interrupt it.

    It listens from its first wait on: who only looks needs no connection for that.

    Args:
        store: The database.
        name: Names the channel (`channel_of`).
        text: Only notifications with this text are meant; None: all.
    """

    def __init__(self, store: PostgresStore, name: str, text: str | None = None) -> None:
        self._store = store
        self._channel = channel_of(store, name)
        self._text = text
        self._changed = threading.Condition()
        self._has_news = True
        self._is_interrupted = False
        self._looked_at = 0.0
        self._listener: Listener | None = None

    def read(self, timeout: float, read: Callable[[], list[T]]) -> list[T]:
        """Return what `read` finds, as soon as that is anything; nothing after `timeout` seconds.

        Raises:
            OperationalError: The server is out of reach; the next call reads at once.
        """
        deadline = time.monotonic() + timeout
        while True:
            if self._is_due():
                try:
                    found = read()
                except BaseException:
                    self.note_news()
                    raise
                if found:
                    return found
            if not self._wait(deadline):
                return []

    def _is_due(self) -> bool:
        """Return whether to read now: nothing is heard yet, there was news, or none for a while."""
        with self._changed:
            is_due = (
                self._has_news
                or self._listener is None
                or time.monotonic() - self._looked_at >= POLL_EVERY
            )
            if is_due:
                # Before the read: what comes during it is news again.
                self._has_news, self._looked_at = False, time.monotonic()
            return is_due

    def _wait(self, deadline: float) -> bool:
        """Wait until it is due; False: the deadline (monotonic) passed, or it was interrupted."""
        if deadline > time.monotonic():
            self._listen()
        with self._changed:
            while not self._has_news and not self._is_interrupted:
                now = time.monotonic()
                due = self._looked_at + POLL_EVERY
                if now >= due or now >= deadline:
                    break
                self._changed.wait(min(due, deadline) - now)
            if self._is_interrupted:
                self._is_interrupted = False
                return False
            return time.monotonic() < deadline

    def note_news(self) -> None:
        """Say that there is more to read."""
        with self._changed:
            self._has_news = True
            self._changed.notify_all()

    def interrupt(self) -> None:
        """End a wait of another thread, or else the next one, at once."""
        with self._changed:
            self._is_interrupted = True
            self._changed.notify_all()

    def close(self) -> None:
        """Listen no longer."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.unlisten(self._channel, self._hear)
            listener.forget_reconnect(self.note_news)

    def _listen(self) -> None:
        if self._listener is not None:
            return
        listener = self._listener = self._store.listener
        try:
            listener.listen(self._channel, self._hear)
        except BaseException:
            self.close()
            raise
        listener.on_reconnect(self.note_news)
        # What was written before it was heard.
        self.note_news()

    def _hear(self, text: str) -> None:
        if self._text is None or text == self._text:
            self.note_news()
