"""The stuck-process detector: kills processes that send no heartbeats and hold no messages."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterable

from taskhub.exceptions import OperationalError
from taskhub.worker.supervisor.child import Child

logger = logging.getLogger(__name__)

#: Without a report for so long a process may be stuck, seconds; until it reports its setting.
STUCK_AFTER = 30.0
#: A process that has closed its connection may go on for so long, seconds: it is about to end.
HUNG_UP_FOR = 10.0
#: Where a supervisor comes to check later than this, seconds, it stood still itself: the time above
#: it is not counted as silence of the others.
LONGEST_STEP = 1.0


class StuckProcessDetector:
    """Kills processes that are silent and hold nothing, or have closed their connection.

    A silent process that holds messages may run a task in C code that keeps the interpreter's lock.

    Args:
        held_by: Returns how many messages a process (by its id) holds, as the store says; None:
            unknown.
    """

    def __init__(self, held_by: Callable[[int], int | None]) -> None:
        self._held_by = held_by
        self._checked_at = time.monotonic()

    def check(self, children: Iterable[Child]) -> None:
        """Check processes that work; called at every step of the supervisor."""
        now = time.monotonic()
        passed, self._checked_at = min(now - self._checked_at, LONGEST_STEP), now
        for child in children:
            before, child.silent_for = child.silent_for, child.silent_for + passed
            if child.has_hung_up:
                if before < HUNG_UP_FOR <= child.silent_for:
                    # E.g. code that makes daemons closes all descriptors: connections to the store
                    # are gone, too.
                    logger.error(
                        "%s has closed its connection to the supervisor and does not end: killed",
                        child,
                    )
                    child.send_signal(signal.SIGKILL)
                continue
            period = child.facts.get("stuck_after", STUCK_AFTER)
            if child.silent_for // period > before // period:
                self._handle_silent(child)

    def _handle_silent(self, child: Child) -> None:
        if self._holds_nothing(child):
            logger.error("%s sent no heartbeat for %.0f s: killed", child, child.silent_for)
            child.send_signal(signal.SIGKILL)
        else:
            logger.warning(
                "%s sent no heartbeat for %.0f s; it holds tasks, one of which may keep the "
                "interpreter's lock",
                child,
                child.silent_for,
            )

    def _holds_nothing(self, child: Child) -> bool:
        try:
            return self._held_by(child.process.pid) == 0
        except OperationalError:
            return False
