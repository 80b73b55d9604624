"""Raising an exception in code that runs: in a thread, or in a coroutine."""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable, Coroutine, Generator
from typing import Any

from dramatiq.middleware import Interrupt

from taskhub.engine.dramatiq.forked_children import end_forked_child
from taskhub.engine.dramatiq.internals import get_event_loop_thread
from taskhub.exceptions import Ignore, Reject, Retry
from taskhub.execution.event_loop import EventLoopLostError, Raised


class Interruption(Interrupt):
    """Raised in a task whose outcome somebody else has decided, so that its thread is free.

    Not an `Exception`: what a task does about failures of its own does not concern it.
    """


#: Exceptions that say how a task is to end, or that it has been ended; Dramatiq must not report
#: them as failures.
CONTROL_FLOW: tuple[type[BaseException], ...] = (Ignore, Reject, Retry, Interruption)


def raise_in_thread(thread: int, error: type[BaseException] | None) -> None:
    """Raise an exception in a thread once it executes Python code; None: withdraw one on its way.

    A thread that is inside C code (a sleep, a read from a socket, a long computation) gets it when
    that returns.
    """
    raised = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)


class InterruptibleCoroutine:
    """Runs a coroutine on Dramatiq's event loop so that an exception can be raised where it waits.

    asyncio can only cancel a task. So it is cancelled, which also cancels what it waits for, and at
    the point where it waits the cancellation becomes the exception.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._task: asyncio.Task[Any] | None = None
        self._error: type[BaseException] | None = None
        thread = get_event_loop_thread()
        if thread is None:
            coroutine.close()
            raise RuntimeError("coroutine tasks run in workers only: there is no event loop here")
        self._thread = thread
        self._loop = thread.loop

    def result(self) -> Any:
        """Run it to its end, blocking this thread; returns what it returns.

        Raises:
            EventLoopLostError: The loop has ended for good, before the coroutine began.
            BaseException: What the coroutine raised.
        """
        main = self._main()
        try:
            if not self._thread.is_alive():
                raise RuntimeError("the event loop of this process has ended")
            future = asyncio.run_coroutine_threadsafe(main, self._loop)
        except RuntimeError as error:
            main.close()
            self.close()
            raise EventLoopLostError(str(error)) from None
        value = future.result()
        if isinstance(value, Raised):
            raise value.error
        return value

    def close(self) -> None:
        """Let it never run."""
        self._coroutine.close()

    def interrupt(self, error: type[BaseException]) -> None:
        """Raise an exception in it, where it waits next; any thread may call this, and goes on."""
        self._loop.call_soon_threadsafe(self._interrupt, error)

    def _interrupt(self, error: type[BaseException]) -> None:
        if self._task is None:
            # Its first step is already on its way.
            self._loop.call_soon(self._interrupt, error)
        elif not self._task.done():
            self._error = error
            self._task.cancel()

    async def _main(self) -> Any:
        self._task = asyncio.current_task()
        if self._task is not None:
            # All coroutines share the loop: one that cancels `asyncio.all_tasks()` means those that
            # it has made itself.
            asyncio.tasks._unregister_task(self._task)
        process = os.getpid()
        try:
            value = await self
        except BaseException as error:
            # Raised here, `SystemExit` would end the loop, and a cancellation would have no
            # traceback.
            value = Raised(error)
        if os.getpid() != process:
            end_forked_child(value.error if isinstance(value, Raised) else None)
        return value

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._coroutine.__await__()
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                waits_for = inner.send(value) if error is None else inner.throw(error)
            except StopIteration as end:
                return end.value
            value = error = None
            try:
                value = yield waits_for
            except BaseException as raised:
                error = self._translated(raised)

    def _translated(self, raised: BaseException) -> BaseException:
        error, self._error = self._error, None
        if error is None or not isinstance(raised, asyncio.CancelledError):
            return raised
        assert self._task is not None
        self._task.uncancel()
        return error()


class OnEventLoop:
    """A coroutine function as an ordinary one that blocks; what a coroutine task's `fn` is."""

    def __init__(self, function: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.start(*args, **kwargs).result()

    def start(self, *args: Any, **kwargs: Any) -> InterruptibleCoroutine:
        """Return a call of it, ready to run."""
        return InterruptibleCoroutine(self._function(*args, **kwargs))
