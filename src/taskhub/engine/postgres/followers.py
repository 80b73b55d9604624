"""Who follows results in this process: one thread reads what was stored, and calls back."""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from taskhub.engine.backoff import pause_after
from taskhub.engine.port.results import DocumentCallback, Subscription
from taskhub.exceptions import OperationalError, StoreRefused

if TYPE_CHECKING:
    from taskhub.engine.postgres.store import PostgresStore

logger = logging.getLogger(__name__)

#: What is followed is read again this often, seconds: a notification may have been lost.
READ_EVERY: Final = 15.0
#: So many ids that are followed no longer are said to the server together, or after `READ_EVERY`.
LEFT_AT_ONCE: Final = 1000
#: Ids per statement.
PAGE: Final = 5000


class Followers:
    """Callbacks by task id.

    Args:
        store: The database.
    """

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._following: dict[str, list[Following]] = defaultdict(list)
        # Ids whose documents are to be read, and ids that nobody follows any more.
        self._notified: set[str] = set()
        self._left: set[str] = set()
        # Under which number of the process the server knows what is followed.
        self._number: int | None = None
        self._must_register = False
        self._thread: threading.Thread | None = None

    def follow(self, task_ids: Sequence[str], callback: DocumentCallback) -> Subscription:
        """Call back with each present document and with each that is stored from now on."""
        following = Following(self, list(task_ids), callback)
        if not task_ids:
            return following
        with self._changed:
            for task_id in task_ids:
                self._following[task_id].append(following)
            self._start()
        try:
            documents = self._register(task_ids)
        except OperationalError:
            # The thread tries again; what has been stored by then is read.
            with self._changed:
                self._must_register = True
                self._changed.notify_all()
            return following
        for task_id, document in documents.items():
            following.deliver(task_id, document, is_first=True)
        return following

    def leave(self, following: Following) -> None:
        """Call back no longer."""
        with self._changed:
            for task_id in following.task_ids:
                others = self._following.get(task_id, [])
                if following in others:
                    others.remove(following)
                if not others and self._following.pop(task_id, None) is not None:
                    self._left.add(task_id)
            if len(self._left) >= LEFT_AT_ONCE:
                self._changed.notify_all()

    def close(self) -> None:
        """End the thread; the next to follow starts another."""
        with self._changed:
            self._thread = None
            self._following.clear()
            self._notified.clear()
            self._left.clear()
            self._number = None
            self._changed.notify_all()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="taskhub-results", daemon=True)
            self._thread.start()

    def _register(self, task_ids: Sequence[str]) -> dict[str, bytes]:
        """Have the server notify this process of some ids; return what is stored of them."""
        store = self._store
        number = store.listener.register(0, self._hear)
        with self._changed:
            if self._number is None:
                self._number = number
            elif self._number != number:
                # All others are followed under the number of a connection that was lost.
                self._must_register = True
                self._changed.notify_all()
        found: dict[str, bytes] = {}
        for first in range(0, len(task_ids), PAGE):
            page = list(task_ids[first : first + PAGE])
            # The documents are read by a transaction of their own: what is stored before it is
            # seen, and who stores one later sees who follows.
            replies = store.request(
                [store.prepare("follow", number, page)],
                [store.prepare("documents", store.now, page)],
            )
            for reply in replies:
                if isinstance(reply, StoreRefused):
                    raise reply
                # Of the second; the first has no rows.
                found |= {task_id: document.encode() for task_id, document in reply[0]}
        return found

    # -- the listener's thread

    def _hear(self, text: str) -> None:
        with self._changed:
            if text.startswith("r"):
                self._notified.update(text.split("\n")[1:])
            else:
                self._must_register = True
            self._changed.notify_all()

    # -- the thread

    def _run(self) -> None:
        me, failures = threading.current_thread(), 0
        read_at = time.monotonic()
        while True:
            with self._changed:
                left = max(0.0, read_at + READ_EVERY - time.monotonic())
                self._changed.wait_for(lambda: self._thread is not me or self._has_work, left)
                if self._thread is not me:
                    return
                is_time = time.monotonic() - read_at >= READ_EVERY
                again, self._must_register = self._must_register, False
                if again:
                    self._number = None
                    self._left.clear()
                notified, self._notified = self._notified & self._following.keys(), set()
                followed = list(self._following) if again or is_time else []
                left_ids: set[str] = set()
                if is_time or len(self._left) >= LEFT_AT_ONCE:
                    left_ids, self._left = self._left - self._following.keys(), set()
            try:
                self._work(notified, followed, left_ids)
                failures = 0
                if followed or is_time:
                    read_at = time.monotonic()
            except Exception as error:
                # Whatever it was, the thread must go on: others wait for what it reads.
                failures += 1
                if isinstance(error, OperationalError):
                    logger.warning("waiting for results: %s; trying again", error)
                else:
                    logger.exception("waiting for results failed; trying again")
                with self._changed:
                    self._notified |= notified
                    self._must_register = True
                    self._changed.wait_for(lambda: self._thread is not me, pause_after(failures))

    @property
    def _has_work(self) -> bool:
        return bool(self._notified) or self._must_register or len(self._left) >= LEFT_AT_ONCE

    def _work(self, notified: Iterable[str], followed: Sequence[str], left: set[str]) -> None:
        """Read and deliver.

        Args:
            notified: Ids of which something was stored.
            followed: Ids that the server is to notify of, once more, and that are read.
            left: Ids that nobody follows any more.
        """
        if left and self._number is not None:
            self._store.run("unfollow", self._number, list(left))
            with self._changed:
                # Some may have been followed again in between.
                followed = [*followed, *(left & self._following.keys())]
        if followed:
            self._deliver(self._register(followed))
        ids = list(notified)
        for first in range(0, len(ids), PAGE):
            page = ids[first : first + PAGE]
            rows = self._store.run("documents", self._store.now, page)
            self._deliver({task_id: document.encode() for task_id, document in rows})

    def _deliver(self, documents: dict[str, bytes]) -> None:
        for task_id, document in documents.items():
            with self._changed:
                following = list(self._following.get(task_id, ()))
            for each in following:
                each.deliver(task_id, document)


class Following(Subscription):
    """One callback, and the ids that it follows.

    Args:
        followers: All of them.
        task_ids: The ids.
        callback: Receives documents.
    """

    def __init__(
        self, followers: Followers, task_ids: list[str], callback: DocumentCallback
    ) -> None:
        self.task_ids = task_ids
        self._followers = followers
        self._callback = callback
        self._lock = threading.RLock()
        self._heard: set[str] = set()
        self._is_closed = False

    def deliver(self, task_id: str, document: bytes, *, is_first: bool = False) -> None:
        """Call back.

        Args:
            task_id: The task.
            document: What is stored of it.
            is_first: Whether it was read when this began: not after a later one.
        """
        with self._lock:
            if self._is_closed or (is_first and task_id in self._heard):
                return
            self._heard.add(task_id)
            try:
                self._callback(task_id, document)
            except Exception:
                logger.exception("a callback for the result of %s failed", task_id)

    def close(self) -> None:
        is_closed, self._is_closed = self._is_closed, True
        if not is_closed:
            self._followers.leave(self)
