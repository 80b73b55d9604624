"""Processes that tell their supervisor nothing any more: those that hold nothing are stuck."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterable

from taskhub.exceptions import OperationalError
from taskhub.worker.child import Child
from taskhub.worker.keeper import Keeper

logger = logging.getLogger(__name__)

#: A process that tells nothing for so long is suspected of being stuck, seconds; until it tells its setting.
STUCK_AFTER = 30.0
#: A supervisor that has looked later than this stood still itself: that was no silence of the others, seconds.
ATTENTION = 1.0


class SilenceWatch:
    """Kills processes that are silent and hold nothing; others may be held up by a task in C code.

    Parameters:
      keeper: asks the store what they hold; None: that cannot be asked.
    """

    def __init__(self, keeper: Keeper | None) -> None:
        self._keeper = keeper
        self._looked_at = time.monotonic()

    def look(self, children: Iterable[Child]) -> None:
        """Look at processes that work."""
        now = time.monotonic()
        passed, self._looked_at = min(now - self._looked_at, ATTENTION), now
        for child in children:
            before, child.silent = child.silent, child.silent + passed
            patience = child.facts.get("stuck_after", STUCK_AFTER)
            if child.silent // patience == before // patience:
                continue
            if self._holds_nothing(child):
                logger.error("%s has been silent for %.0f s: it is killed", child, child.silent)
                child.send(signal.SIGKILL)
            else:
                logger.warning(
                    "%s has been silent for %.0f s; it holds tasks, one of which may be holding its interpreter",
                    child,
                    child.silent,
                )

    def _holds_nothing(self, child: Child) -> bool:
        try:
            return self._keeper is not None and self._keeper.held_by(child.process.pid) == 0
        except OperationalError:
            return False
