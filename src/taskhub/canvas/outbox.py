"""Collecting what a canvas sends, so that it leaves in one step: a bulk enqueue, or the commit of
the task that sends it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from taskhub.app.publishing import Publication
from taskhub.message import Envelope
from taskhub.outcome import ChordPlan


@dataclass
class Outbox:
    """Messages in the order in which they were sent, and the chords that they belong to."""

    messages: list[Envelope] = field(default_factory=list)
    #: The same, for those who are told when they have left; empty if nobody is.
    published: list[Publication] = field(default_factory=list, kw_only=True)
    chords: list[ChordPlan] = field(default_factory=list)


_open: ContextVar[Outbox | None] = ContextVar("taskhub_outbox", default=None)


def open_outbox() -> Outbox | None:
    """Return the outbox that calls of this context go to; None: they are sent at once."""
    return _open.get()


@contextmanager
def collecting(outbox: Outbox | None = None) -> Generator[Outbox]:
    """Collect the calls made in this block instead of sending them."""
    outbox = Outbox() if outbox is None else outbox
    token = _open.set(outbox)
    try:
        yield outbox
    finally:
        _open.reset(token)
