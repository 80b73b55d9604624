"""The limit watcher: a thread that checks executions when their next limit is reached."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from time import monotonic

logger = logging.getLogger(__name__)

#: After a check that failed, the next one comes after this time, seconds.
RETRY_AFTER = 1.0


class LimitWatcher:
    """Calls a check whenever a limit is reached; its thread starts with the first limit.

    Args:
        check: Given the present (`time.monotonic`), ends what is over its limits, and returns when
            the next limit is reached.
    """

    def __init__(self, check: Callable[[float], float]) -> None:
        self._check = check
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._next_check = float("inf")

    def check_at(self, at: float) -> None:
        """Check at a time, if no check comes before."""
        # Without the lock first: it is called for each task with a limit.
        if at >= self._next_check:
            return
        with self._changed:
            if at < self._next_check:
                self._next_check = at
                self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="taskhub-limits", daemon=True
                )
                self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                while (left := self._next_check - monotonic()) > 0:
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
                self._next_check = float("inf")
            try:
                at = self._check(monotonic())
            except Exception:
                # Without this thread no limit would be enforced.
                logger.exception("time limits could not be checked; the watcher goes on")
                at = monotonic() + RETRY_AFTER
            with self._changed:
                self._next_check = min(self._next_check, at)
