"""Messages that a worker process holds and none of its threads has any more: their thread died with them.

Dramatiq's threads can die between two messages, or between taking one and beginning it: an exception that is raised in
a thread from outside may come late. Nobody would ever end such a message while the process lives.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dramatiq.worker import WorkerThread

from taskhub.engine.delivery import Delivery
from taskhub.engine.port import Claim

if TYPE_CHECKING:
    import threading

#: For so many looks after a death the search goes on.
LOOKS = 5


@dataclass(frozen=True)
class Search:
    """What a look at a process has shown, for comparison with the next one."""

    looks_left: int = 0
    #: Marks of claims that no thread seemed to have; one that was on its way is elsewhere at the next look.
    suspects: frozenset[str] = frozenset()

    def found(self, claims: Iterable[Claim], accounted: set[str]) -> tuple[list[Claim], Search]:
        """Return the claims that nobody had at this look and the one before, and what is known after it.

        Parameters:
          claims: those that the process holds.
          accounted: marks of those that a thread has, or that have ended.
        """
        if not self.looks_left:
            return [], self
        unaccounted = [claim for claim in claims if _mark(claim) not in accounted]
        stranded = [claim for claim in unaccounted if _mark(claim) in self.suspects]
        return stranded, Search(self.looks_left - 1, frozenset(map(_mark, unaccounted)))


def marks(claims: Iterable[Claim]) -> set[str]:
    """Return what tells deliveries apart."""
    return {_mark(claim) for claim in claims}


def begun_by(threads: Iterable[threading.Thread]) -> set[str]:
    """Return the marks of the messages that living threads are working on, as their frames show."""
    frames = sys._current_frames()
    begun: set[str] = set()
    for thread in threads:
        frame: Any = frames.get(thread.ident or 0)
        while frame is not None:
            if frame.f_code is WorkerThread.process_message.__code__:
                message = frame.f_locals.get("message")
                if isinstance(message, Delivery):
                    begun.add(_mark(message.claim))
            frame = frame.f_back
    return begun


def _mark(claim: Claim) -> str:
    return f"{claim.key} {claim.token}"
