"""The event loop of coroutine tasks: a thread that no coroutine can end.

asyncio lets `SystemExit` and `KeyboardInterrupt` pass through its loop, which would end it and
every coroutine on it because of one. Here such an exception ends what raised it, and the loop goes
on.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable
from typing import Any, ClassVar, TypeVar

from dramatiq.middleware import AsyncIO

from taskhub.engine.dramatiq.internals import (
    EventLoopThread,
    get_event_loop_thread,
    set_event_loop_thread,
)

R = TypeVar("R")

logger = logging.getLogger(__name__)

#: While the loop goes on after an exception it does not run for an instant; look again after this
#: pause, seconds.
_RESTART_PAUSE = 0.001


class EventLoopLostError(BaseException):
    """The event loop has ended under a coroutine, which is to run again elsewhere.

    Not an `Exception`: it is no failure of the task, and no handler of the task's own may take it
    for one.
    """


class Raised:
    """What a coroutine raised, carried out of the event loop as a value.

    Args:
        error: Any exception; `SystemExit` and its like would end the loop if they were raised
            in it.
    """

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class LastingEventLoopThread(EventLoopThread):
    """Runs an event loop until it is to stop, whatever coroutines and callbacks raise."""

    def __init__(self, log: logging.Logger) -> None:
        super().__init__(log)
        self.daemon = True
        self._stop_requested = False

    def run(self) -> None:
        """Run the loop; start it again when an exception or `loop.stop()` has ended it."""
        try:
            while not self._stop_requested and not self.loop.is_closed():
                try:
                    self.loop.run_forever()
                    if not self._stop_requested:
                        logger.warning("a coroutine stopped the event loop; it goes on")
                except (SystemExit, KeyboardInterrupt) as error:
                    # Raised by a task or callback that a coroutine started; who awaits it has it,
                    # too.
                    logger.warning("the event loop goes on after %r in a callback", error)
        finally:
            if not self.loop.is_closed():
                self.loop.close()

    def stop(self) -> None:
        """End the loop and its thread."""
        self._stop_requested = True
        super().stop()  # type: ignore[no-untyped-call]

    def run_coroutine(self, coro: Awaitable[R]) -> R:
        """Run a coroutine of a native actor to its end, as Dramatiq's `EventLoopThread` does.

        Raises:
            EventLoopLostError: The loop has ended for good.
            BaseException: What the coroutine raised.
        """
        while self.is_alive() and not self.loop.is_running():
            time.sleep(_RESTART_PAUSE)
        if not self.is_alive():
            if asyncio.iscoroutine(coro):
                coro.close()
            raise EventLoopLostError("the event loop of this process has ended")
        value: Any = super().run_coroutine(contained(coro))
        if isinstance(value, Raised):
            raise value.error
        return value  # type: ignore[no-any-return]


async def contained(awaitable: Awaitable[Any]) -> Any:
    """Await something; return what it returns, or a `Raised` with what it raised."""
    try:
        return await awaitable
    except BaseException as error:
        return Raised(error)


class EventLoop(AsyncIO):
    """Dramatiq's middleware for coroutines, with a loop that lasts in a daemon thread.

    Dramatiq's own keeps a process alive that is to end at once after a second SIGTERM. There is one
    for all workers of a process, of which tests may have several.
    """

    _lock = threading.Lock()
    _workers: ClassVar[set[Any]] = set()

    def before_worker_boot(self, broker: Any, worker: Any) -> None:
        """Start the loop with the first worker."""
        with self._lock:
            self._workers.add(worker)
            if get_event_loop_thread() is not None:
                return
            thread = LastingEventLoopThread(self.logger)
            thread.start(timeout=5.0)
            set_event_loop_thread(thread)

    def after_worker_shutdown(self, broker: Any, worker: Any) -> None:
        """Stop the loop with the last worker."""
        with self._lock:
            # A worker may be stopped twice, or without a start.
            self._workers.discard(worker)
            thread = get_event_loop_thread()
            if not self._workers and thread is not None:
                # Before its end: a loop that has ended is a fault to who finds it.
                set_event_loop_thread(None)
                thread.stop()
                thread.join()
