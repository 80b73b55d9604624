"""Outbox of a canvas: its messages leave at once, by a bulk enqueue or in a task's commit."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskhub.message import Envelope
from taskhub.outcome import ChainPlan, ChordPlan

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.app.publication import Publication


@dataclass
class Outbox:
    """Messages in the order in which they were sent, with their chords and stored chains."""

    messages: list[Envelope] = field(default_factory=list)
    #: The same for receivers of signals that are sent when they have left; empty: there are none.
    published: list[Publication] = field(default_factory=list, kw_only=True)
    chords: list[ChordPlan] = field(default_factory=list)
    chains: list[ChainPlan] = field(default_factory=list)
    #: For which transaction one of the tasks waits (`TaskBase.enqueue_on_commit`).
    enqueue_on_commit: Any = None
    #: The headers that instruments have added to the messages.
    created: list[Mapping[str, str]] = field(default_factory=list, kw_only=True)

    def note_task(self, task: Any) -> None:
        """Note what a task says of all that leaves with its calls."""
        self.enqueue_on_commit = self.enqueue_on_commit or task.enqueue_on_commit


#: The `TransactionBlock` in which the calls of this context are made; None: there is none.
transaction_of_context: ContextVar[Any] = ContextVar("taskhub_transaction", default=None)
_open: ContextVar[Outbox | None] = ContextVar("taskhub_outbox", default=None)


def open_outbox() -> Outbox | None:
    """Return the outbox that calls of this context go to; None: they are sent at once."""
    return _open.get()


def is_collected(app: Celery, options: Mapping[str, Any]) -> bool:
    """Return whether all calls of a canvas leave together: in a commit, or in a transaction.

    Args:
        app: The app.
        options: Those of the canvas.
    """
    return _open.get() is not None or app.calls.transaction_block(options) is not None


@contextmanager
def collecting(outbox: Outbox | None = None) -> Generator[Outbox]:
    """Collect the calls made in this block instead of sending them."""
    outbox = Outbox() if outbox is None else outbox
    token = _open.set(outbox)
    try:
        yield outbox
    finally:
        _open.reset(token)


@contextmanager
def sending(app: Celery, options: Mapping[str, Any]) -> Generator[Outbox]:
    """Collect the calls made in this block: in the open outbox, or in one sent at its end.

    Args:
        app: The app.
        options: Those of the canvas; `retry` and `retry_policy` say how often sending is tried.
    """
    outer = open_outbox()
    if outer is not None:
        yield outer
        return
    with collecting() as outbox:
        yield outbox
    app.calls.send_all(outbox, options)
