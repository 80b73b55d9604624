"""One run of a thing at a time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def only_run(task: Any, name: str) -> Generator[str | None]:
    """Hold a lock for the running call of a task.

    Yields None, or, if another call holds it, the id of that one. After an exception the call keeps the lock until it
    has ended: while it waits for its retry, no other begins. Called as a plain function, or in eager mode, a task
    keeps nobody out.

    Parameters:
      task: a bound task.
      name: what the lock is for.

    Raises:
      OperationalError: the store is out of reach.
    """
    request = task.request
    if not request.id or request.is_eager:
        yield None
        return
    locks = task.app.engine.locks
    holder = locks.hold(name, request.id)
    if holder != request.id:
        yield holder
        return
    yield None
    locks.let_go(name, request.id)
