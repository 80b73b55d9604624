"""How fast the threads of a worker process take turns, so that commands are answered while every thread computes.

A thread that wants the interpreter waits for the switch interval (5 ms), and then competes with all others that want
it. With eight threads that compute, each turn costs 40 ms, and to answer a command takes several. So the interval is
shortened while threads have to wait long for their turn, and further while a command is carried out. Where threads wait
for other things, as most do, it stays as it is: shorter turns cost some speed.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager

#: Seconds, while threads have to wait, and while a command is carried out.
SHORT, SHORTEST = 0.0005, 0.0001
#: Who waits so long for a turn, seconds, finds that they are too long.
LONG_WAIT = 0.01
#: After so many short waits in a row they are as before.
CALM_AFTER = 10


class Switching:
    """Used by one thread, which tells how long it had to wait."""

    def __init__(self) -> None:
        self._before = sys.getswitchinterval()
        self._shortened = False
        self._calm = 0

    def observe(self, waited: float) -> None:
        """A turn came so many seconds after it could have come."""
        if waited > LONG_WAIT:
            self._calm, self._shortened = 0, True
        elif self._shortened:
            self._calm += 1
            self._shortened = self._calm < CALM_AFTER
        self._apply()

    @contextmanager
    def hurry(self) -> Generator[None]:
        """Take turns as fast as possible within a block."""
        _set(min(SHORTEST, self._before))
        try:
            yield
        finally:
            self._apply()

    def _apply(self) -> None:
        _set(min(SHORT, self._before) if self._shortened else self._before)


def _set(seconds: float) -> None:
    # The interpreter cuts it to whole microseconds: what it has told must not come back as one less.
    sys.setswitchinterval(seconds + 5e-7)
