"""The queue between the courier and the threads of a worker."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from typing import Any

#: Ends the wait of one thread.
_WAKE: Any = object()
#: Of a closed queue nobody may take; who asks is told so after this pause, seconds.
_CLOSED_PAUSE = 0.01


class WorkQueue(SimpleQueue[Any]):
    """Keeps a process's messages in the order in which they were claimed, by priority over the whole queue.

    Dramatiq's own sorts by the actor's priority within a process, and is slower by a lock and a heap.

    Before Python 3.13, a `get` with a timeout may wait for ever: when it is woken, another one takes the item, and a
    task that holds the interpreter lets its time run out meanwhile. So the threads that wait are woken by `close`.
    """

    unfinished_tasks = 0

    def __init__(self) -> None:
        self._closed = False

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the next message.

        Raises:
          Empty: there was none in time, or the queue is closed to those who would wait.
        """
        if block and self._closed:
            time.sleep(_CLOSED_PAUSE)
            raise Empty
        item = super().get(block, timeout)
        if item is _WAKE:
            raise Empty
        return item

    def get_nowait(self) -> Any:
        """Take the next message, if there is one; also of a closed queue.

        Raises:
          Empty: there is none.
        """
        wakes = 0
        try:
            while (item := super().get_nowait()) is _WAKE:
                wakes += 1
            return item
        finally:
            # They are for those who wait.
            for _ in range(wakes):
                self.put(_WAKE)

    def close(self, waiting: int) -> None:
        """Let nobody wait any more.

        Parameters:
          waiting: how many threads may be waiting.
        """
        self._closed = True
        for _ in range(waiting):
            self.put(_WAKE)

    def task_done(self) -> None:
        """Nothing is counted."""

    def join(self) -> None:
        """Nothing is waited for; see `EngineBroker.join`."""
