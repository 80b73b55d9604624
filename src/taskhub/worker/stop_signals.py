"""Signals that ask a worker to stop: which of them are repetitions of the same request."""

from __future__ import annotations

import os
import signal

#: The same signal again within this time is the same request, seconds: service managers signal a
#: process, and then its group.
REPEAT_WINDOW = 1.0
#: As in Celery: `REMAP_SIGTERM=SIGQUIT` makes SIGTERM ask for what SIGQUIT asks for.
REMAP_VARIABLE = "REMAP_SIGTERM"


class RepeatFilter:
    """Separates repetitions of a signal from new requests."""

    def __init__(self) -> None:
        self._last = 0
        self._last_at = 0.0

    def accepts(self, number: int, now: float) -> bool:
        """Whether a signal is a new request, and not a repetition.

        Args:
            number: Which. SIGINT always is one: it comes from somebody who presses keys.
            now: By `time.monotonic`.
        """
        repeated = number == self._last and now - self._last_at < REPEAT_WINDOW
        if repeated and number != signal.SIGINT:
            return False
        self._last, self._last_at = number, now
        return True


def is_cold_shutdown(number: int) -> bool:
    """Whether a signal asks for the shorter time that SIGQUIT gives tasks."""
    if number == signal.SIGTERM:
        return os.environ.get(REMAP_VARIABLE) == "SIGQUIT"
    return number == signal.SIGQUIT
