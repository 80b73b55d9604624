"""One run of a thing at a time."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

#: Seconds after which a canvas is taken for lost that reports no end: purged, or its results have
#: gone.
_LOST: Final = 12 * 3600.0


@contextmanager
def only_run(task: Any, name: str) -> Generator[str | None]:
    """Hold a lock for the running call of a task.

    Yields None, or, if another call holds it, the id of that one. After an exception the call keeps
    the lock until it has ended: while it waits for its retry, no other begins. Called as a plain
    function, or in eager mode, a task keeps nobody out.

    Args:
        task: a bound task.
        name: what the lock is for.

    Raises:
        OperationalError: the store is out of reach.
    """
    request = task.request
    if not request.id or request.is_eager:
        yield None
        return
    locks = task.app.store.locks
    holder = locks.acquire_lock(name, request.id)
    if holder != request.id:
        yield holder
        return
    yield None
    locks.release_lock(name, request.id)


def other_canvas(task: Any, name: str) -> str | None:
    """Claim a name for the canvas that replaces the running call; return the call that holds it.

    A canvas has its name until the call that it stands for has ended, by its state, but twelve
    hours at most. In eager mode it keeps nobody out.

    Args:
        task: a bound task.
        name: what the canvas is for.

    Raises:
        OperationalError: the store is out of reach.
    """
    request = task.request
    if not request.id or request.is_eager:
        return None
    # The lock ends with this call, before its canvas does; it sees to it that two do not read at
    # the same time.
    holder: str = task.app.store.locks.acquire_lock(name, request.id)
    if holder != request.id:
        return holder
    note = f"canvas:{name}"
    known = task.app.AsyncResult(note).info
    if isinstance(known, dict) and known.get("call") != request.id:
        fresh = time.time() - known["since"] < _LOST
        if fresh and not task.app.AsyncResult(known["call"]).ready():
            running: str = known["call"]
            return running
    task.backend.store_result(note, {"call": request.id, "since": time.time()}, "CANVAS")
    return None
