"""The work queue of a worker: claimed messages that wait for a task thread."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from typing import Any, Protocol

#: Ends the wait of one thread.
_CLOSED: Any = object()
#: A `get` of a closed queue fails after this pause, seconds.
_CLOSED_PAUSE = 0.01
#: `join` checks again after this pause, seconds.
_JOIN_PAUSE = 0.01


class Holder(Protocol):
    """An exchange loop, as far as the work queue uses it."""

    @property
    def held_count(self) -> int:
        """How many messages the process holds, those that run included."""
        ...


class WorkQueue(SimpleQueue[Any]):
    """Keeps messages in the order in which they were claimed: by priority over the whole queue.

    Dramatiq's own sorts by the actor's priority within a process, and is slower by a lock and a
    heap.

    Before Python 3.13, a `get` with a timeout may wait forever: when it is woken, another one
    takes the item, and a task that holds the interpreter lets its time run out meanwhile. So the
    threads that wait are woken by `close`.
    """

    #: The exchange loop of the worker, which counts the messages that are held.
    exchange_loop: Holder | None = None

    def __init__(self) -> None:
        super().__init__()
        self._closed = False

    @property
    def unfinished_tasks(self) -> int:
        """How many messages the worker holds."""
        return 0 if self.exchange_loop is None else self.exchange_loop.held_count

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the next message.

        Raises:
            Empty: There was none in time, or the queue is closed.
        """
        if block and self._closed:
            time.sleep(_CLOSED_PAUSE)
            raise Empty
        item = super().get(block, timeout)
        if item is _CLOSED:
            raise Empty
        return item

    def get_nowait(self) -> Any:
        """Take the next message without waiting, also from a closed queue.

        Raises:
            Empty: There is none.
        """
        markers = 0
        try:
            while (item := super().get_nowait()) is _CLOSED:
                markers += 1
            return item
        finally:
            # They are for those who wait.
            for _ in range(markers):
                self.put(_CLOSED)

    def close(self, waiting: int) -> None:
        """Close the queue: nobody waits for messages any more.

        Args:
            waiting: How many threads may be waiting.
        """
        self._closed = True
        for _ in range(waiting):
            self.put(_CLOSED)

    def task_done(self) -> None:
        """Do nothing: a message is done when its outcome is committed."""

    def join(self) -> None:
        """Wait until the worker holds no message: all outcomes are committed."""
        while self.unfinished_tasks:
            time.sleep(_JOIN_PAUSE)
