"""Coroutines of tasks that are run outside of a worker's event loop."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Coroutine
from typing import Any


def resolve_coroutine(value: Any) -> Any:
    """Return the value of a coroutine, and any other value as it is.

    Inside a running event loop, which must not be entered again, the coroutine gets a loop and a
    thread of its own.
    """
    if not inspect.iscoroutine(value):
        return value
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(value)
    return _in_a_thread(value)


def _in_a_thread(coroutine: Coroutine[Any, Any, Any]) -> Any:
    outcome: list[Any] = []
    problem: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(asyncio.run(coroutine))
        except BaseException as error:
            problem.append(error)

    # The running task and its app are known there, too.
    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(run,))
    thread.start()
    thread.join()
    if problem:
        raise problem[0]
    return outcome[0]
