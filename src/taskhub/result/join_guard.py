"""Join guard: waiting for a result within a task is refused, unless it is allowed.

A task that waits for another holds its worker thread; with enough of them no thread is left for
the awaited ones.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from taskhub.execution.request import current_request

__all__ = (
    "allow_join_result",
    "assert_will_not_block",
    "denied_join_result",
    "disable_sync_subtasks",
    "task_join_will_block",
)

#: Whether waiting is refused; None: within a running task.
_denied: ContextVar[bool | None] = ContextVar("taskhub_join_denied", default=None)


def task_join_will_block() -> bool:
    """Return whether waiting for a result is refused here."""
    denied = _denied.get()
    if denied is not None:
        return denied
    request = current_request()
    return request is not None and not request.called_directly and not request.is_eager


def set_join_denied(denied: bool | None) -> None:
    """Refuse or allow waiting for results in this context; None: refuse it within a task."""
    _denied.set(denied)


def assert_will_not_block() -> None:
    """Check that waiting for a result is allowed here.

    Raises:
        RuntimeError: This is a running task.
    """
    if task_join_will_block():
        raise RuntimeError(
            "Never call result.get() within a task! It holds a worker thread that the awaited task "
            "may need. Use a chain, chord or link instead; or, where that can't happen, "
            "get(disable_sync_subtasks=False) or `with allow_join_result():`."
        )


@contextmanager
def allow_join_result() -> Generator[None]:
    """Allow waiting for results within a task, for the length of a block."""
    token = _denied.set(False)
    try:
        yield
    finally:
        _denied.reset(token)


@contextmanager
def denied_join_result() -> Generator[None]:
    """Refuse waiting for results, as within a task, for the length of a block."""
    token = _denied.set(True)
    try:
        yield
    finally:
        _denied.reset(token)


disable_sync_subtasks = denied_join_result
