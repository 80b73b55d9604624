"""Orphaned messages: held by a worker process, but by none of its threads any more.

Dramatiq's threads can die between two messages, or between taking one and beginning it: an
exception that is raised in a thread from outside may come late. Nobody would ever complete such a
message while the process lives.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.dramatiq.internals import processed_message
from taskhub.engine.port.claims import Claim

if TYPE_CHECKING:
    import threading

#: The search goes on for so many checks after the death of a thread.
CHECKS = 5


@dataclass(frozen=True)
class OrphanSearch:
    """What a check has shown, for comparison with the next one."""

    checks_left: int = 0
    #: Ids of deliveries that no thread seemed to have; one that was on its way is elsewhere at the
    #: next check.
    unaccounted: frozenset[str] = frozenset()

    def check(
        self, claims: Iterable[Claim], accounted: set[str]
    ) -> tuple[list[Claim], OrphanSearch]:
        """Return the claims that no thread had at this check and the one before.

        Args:
            claims: Those that the process holds.
            accounted: Ids of the deliveries that a thread has, or whose outcome is known.

        Returns:
            The orphaned claims, and what is known after this check.
        """
        if not self.checks_left:
            return [], self
        unaccounted = [claim for claim in claims if delivery_id(claim) not in accounted]
        orphaned = [claim for claim in unaccounted if delivery_id(claim) in self.unaccounted]
        after = OrphanSearch(self.checks_left - 1, frozenset(map(delivery_id, unaccounted)))
        return orphaned, after


def begun_deliveries(threads: Iterable[threading.Thread]) -> set[str]:
    """Return the ids of the deliveries that living threads process, as their frames show."""
    frames = sys._current_frames()
    begun: set[str] = set()
    for thread in threads:
        frame: Any = frames.get(thread.ident or 0)
        while frame is not None:
            message = processed_message(frame)
            if isinstance(message, Delivery):
                begun.add(delivery_id(message.claim))
            frame = frame.f_back
    return begun


def delivery_id(claim: Claim) -> str:
    """Return a text that is another for each delivery."""
    return f"{claim.key} {claim.token}"
