"""The interpreter's switch interval, shortened so that commands are answered under load.

A thread that wants the interpreter waits for the switch interval (5 ms), and then competes with all
others that want it. With eight threads that compute, each switch costs 40 ms, and to answer a
command takes several. So the interval is shortened while threads have to wait long for the
interpreter, and further while a command is carried out. Where threads wait for other things, as
most do, it stays as it is: a shorter interval costs some speed.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

#: Seconds, while threads have to wait, and while a command is carried out.
SHORT, SHORTEST = 0.0005, 0.0001
#: A wait for the interpreter that is too long, seconds.
LONG_WAIT = 0.01
#: After so many short waits in a row the interval is as before.
CALM_AFTER = 10


class SwitchInterval:
    """Adapts the switch interval to the waits of one thread."""

    def __init__(self) -> None:
        self._before = sys.getswitchinterval()
        self._shortened = False
        self._calm = 0

    def observe(self, waited: float) -> None:
        """Learn how long the thread has waited for the interpreter, seconds."""
        if waited > LONG_WAIT:
            self._calm, self._shortened = 0, True
        elif self._shortened:
            self._calm += 1
            self._shortened = self._calm < CALM_AFTER
        self._apply()

    @contextmanager
    def shortest(self) -> Generator[None]:
        """Use the shortest interval within a block."""
        _set(min(SHORTEST, self._before))
        try:
            yield
        finally:
            self._apply()

    def _apply(self) -> None:
        _set(min(SHORT, self._before) if self._shortened else self._before)


def _set(seconds: float) -> None:
    # The interpreter cuts it to whole microseconds: a value that it has returned must not be set as
    # one less.
    sys.setswitchinterval(seconds + 5e-7)
