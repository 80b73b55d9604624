"""Event loops of task threads, for tasks that call `asyncio.get_event_loop()`."""

from __future__ import annotations

import asyncio
import sys


def allow_event_loops() -> None:
    """Let `asyncio.get_event_loop()` make a loop in any thread, not only in the main thread.

    Celery runs tasks in the main thread.

    A policy that the program has set stays; from Python 3.14 on it makes none in the main thread,
    either.
    """
    if sys.version_info >= (3, 14):
        return
    if type(asyncio.get_event_loop_policy()) is asyncio.DefaultEventLoopPolicy:  # pyright: ignore[reportDeprecated]
        asyncio.set_event_loop_policy(_AnyThread())  # pyright: ignore[reportDeprecated]


if sys.version_info < (3, 14):

    class _AnyThread(asyncio.DefaultEventLoopPolicy):
        """The default policy, for which every thread is like the main one."""

        def get_event_loop(self) -> asyncio.AbstractEventLoop:
            try:
                return super().get_event_loop()
            except RuntimeError:
                self.set_event_loop(self.new_event_loop())
                return super().get_event_loop()
