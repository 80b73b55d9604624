"""Notifiers: idle threads wait for the next notification, or take one that was left."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Sequence
from typing import Final

from taskhub.engine.port.notifier import Notifier, ScheduleTopic, Topic
from taskhub.engine.postgres.store import PostgresStore
from taskhub.exceptions import OperationalError

#: After so long without a notification one looks by itself, seconds: it may have gone to a process
#: that then died.
LOOK_EVERY: Final = 2.0

_numbers = itertools.count(1)


def topic_name(topic: Topic) -> str:
    """Return what a topic is called in the database; no queue's name has a line break."""
    if isinstance(topic, ScheduleTopic):
        return f"\nschedule:{topic.role}:{topic.app}"
    return topic


class PostgresNotifier(Notifier):
    """Waits for one notification at a time, on the connection of the process's listener.

    Args:
        store: The database.
        topics: Queues, or changes for schedulers.
    """

    def __init__(self, store: PostgresStore, topics: Sequence[Topic]) -> None:
        self._store = store
        self._topics = [topic_name(topic) for topic in topics]
        self._number = next(_numbers)
        self._changed = threading.Condition()
        self._interrupted = False
        self._notified = False
        # Under which number of the process it waits; None: it does not.
        self._waits_as: int | None = None
        self._looked_at = 0.0

    def wait(self, timeout: float, *, listen: bool = True) -> bool:
        deadline = time.monotonic() + timeout
        if listen and self._waits_as is None and self._begin():
            return True
        with self._changed:
            while True:
                if self._pop_notification():
                    return True
                now = time.monotonic()
                if self._waits_as is not None and now - self._looked_at >= LOOK_EVERY:
                    self._looked_at = now
                    return True
                if self._interrupted or now >= deadline:
                    self._interrupted = False
                    return False
                left = deadline - now
                if self._waits_as is not None:
                    left = min(left, self._looked_at + LOOK_EVERY - now)
                self._changed.wait(left)

    def _begin(self) -> bool:
        """Take a notification; without one, begin to wait. Returns whether there was one."""
        listener = self._store.listener
        with self._changed:
            self._notified = False
        number = listener.register(self._number, self._hear)
        try:
            taken = self._store.run_one("wait_for", self._topics, number, self._number, retry=None)
        except OperationalError:
            listener.unregister(self._number)
            raise
        if taken is not None:
            return True
        with self._changed:
            self._waits_as, self._looked_at = number, time.monotonic()
        return False

    def _hear(self, text: str) -> None:
        with self._changed:
            self._notified = True
            self._changed.notify_all()

    def _pop_notification(self) -> bool:
        """Return whether it was notified; then it waits no longer."""
        if not self._notified or self._waits_as is None:
            return False
        self._notified, self._waits_as = False, None
        return True

    def poll(self) -> bool:
        with self._changed:
            if self._waits_as is not None:
                return self._pop_notification()
        # Not repeated when its reply is lost: that would take another notification.
        taken = self._store.run_one("take_notification", self._topics, retry=None)
        return taken is not None

    def interrupt(self) -> None:
        with self._changed:
            self._interrupted = True
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            waited_as, self._waits_as = self._waits_as, None
        listener = self._store.listener
        listener.unregister(self._number)
        if waited_as is not None and listener.is_connected_as(waited_as):
            try:
                self._store.run("stop_waiting", waited_as, self._number, retry=None)
            except OperationalError:
                # Who wants to notify it finds out that nobody listens.
                return
