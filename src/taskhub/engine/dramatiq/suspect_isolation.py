"""Isolation of suspects: what a worker process may claim, so that a suspect runs alone in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

from taskhub.engine.port.claims import ClaimBatch, Suspects
from taskhub.engine.suspects import alone_for, is_suspect

#: How long a process claims nothing, so that it has room for a suspect; seconds.
EMPTYING_FOR = 5.0
#: How long it goes on when that was in vain, before it tries again; seconds.
EMPTYING_PAUSE = 60.0


class SuspectEvent(Enum):
    """What the supervisor of a process is notified of."""

    STARTED = "it runs a message that was lost with its process more than once"
    NO_ROOM = (
        "a message that was lost with its process again and again waits for a process in which "
        "nothing else runs"
    )


class SuspectIsolation:
    """Decides which messages a worker process may claim, so that a suspect runs alone in it.

    Args:
        max_deliveries: How often a message is handed out to be run.
        notify_supervisor: Called when a suspect is about to begin, which may end this process, or
            when another process is wanted in place of this one, which has no room for a suspect.
    """

    def __init__(
        self, max_deliveries: int, notify_supervisor: Callable[[SuspectEvent], None]
    ) -> None:
        self._max_deliveries = max_deliveries
        self._notify_supervisor = notify_supervisor
        # Until when nothing begins beside a suspect, and until when this process empties itself
        # (`time.monotonic`).
        self._alone_until: float | None = None
        self._emptying_until: float | None = None
        self._next_emptying = 0.0
        self._just_ended = False

    @property
    def until(self) -> float | None:
        """Until when nothing is claimed, unless what is held ends before; None: claims are free."""
        return self._alone_until if self._alone_until is not None else self._emptying_until

    def admitted(self, held: int) -> Suspects | None:
        """Return which suspects may be claimed; None: nothing may be.

        Args:
            held: How many messages the process holds.
        """
        if self.until is not None and (not held or time.monotonic() >= self.until):
            if held and self._emptying_until is not None:
                self._next_emptying = time.monotonic() + EMPTYING_PAUSE
                self._notify_supervisor(SuspectEvent.NO_ROOM)
            self._alone_until = self._emptying_until = None
            self._just_ended = True
        if self.until is not None:
            return None
        return "none" if held else "one"

    def pop_ended(self) -> bool:
        """Whether an isolation has ended, so that messages may have come meanwhile; asked once."""
        ended, self._just_ended = self._just_ended, False
        return ended

    def observe(self, batch: ClaimBatch, held: int) -> None:
        """Learn from what a claim has brought.

        Args:
            batch: What was claimed.
            held: How many messages the process held before.
        """
        now = time.monotonic()
        for claim in batch.claims:
            if claim.given_up is None and is_suspect(claim.delivery, self._max_deliveries):
                self._alone_until = now + alone_for(claim.delivery, self._max_deliveries)
                self._notify_supervisor(SuspectEvent.STARTED)
                return
        if batch.suspects_left and held and now >= self._next_emptying:
            self._emptying_until = now + EMPTYING_FOR
