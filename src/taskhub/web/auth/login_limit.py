"""Limit of failed logins by name, by address, and by both."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Final

__all__ = ("LoginLimit",)

#: Tries within `WINDOW` seconds: of one name from one address, of one address, and of one name. A
#: name alone may be tried more often, so that nobody can lock somebody else out from a single
#: address.
TRIES: Final = 5
TRIES_OF_ADDRESS: Final = 20
TRIES_OF_NAME: Final = 50
WINDOW: Final = 60.0
#: How long what went over its limit is then held, seconds.
HOLD: Final = 600.0
#: So many keys are remembered; those that were tried longest ago are forgotten.
MOST: Final = 30_000


class LoginLimit:
    """Counts tries to sign in; a success takes those of its name and address back.

    A try counts when it begins, so that many at once are no more than many one after another.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._tries: OrderedDict[str, deque[float]] = OrderedDict()
        self._held: OrderedDict[str, float] = OrderedDict()

    def begin_try(self, name: str, address: str) -> tuple[float, int]:
        """Count a try.

        Returns:
            For how many seconds no try is taken (0: this one is), and how many are left in this
                minute after it.
        """
        now = self._clock()
        with self._lock:
            held = max(self._held.get(key, 0.0) for key, _ in _keys(name, address)) - now
            if held > 0:
                return held, 0
            left = min(self._count(key, most, now) for key, most in _keys(name, address))
            for remembered in (self._tries, self._held):
                while len(remembered) > MOST:
                    remembered.popitem(last=False)
        return 0.0, left

    def succeed(self, name: str, address: str) -> None:
        """Forget the tries of somebody who has signed in."""
        with self._lock:
            for key, _ in _keys(name, address):
                self._tries.pop(key, None)
                self._held.pop(key, None)

    def _count(self, key: str, most: int, now: float) -> int:
        tries = self._tries.setdefault(key, deque())
        self._tries.move_to_end(key)
        tries.append(now)
        while tries[0] <= now - WINDOW:
            tries.popleft()
        if len(tries) >= most:
            self._held[key] = now + HOLD
            del self._tries[key]
            return 0
        return most - len(tries)


def _keys(name: str, address: str) -> Iterator[tuple[str, int]]:
    yield f"both\n{name}\n{address}", TRIES
    yield f"address\n{address}", TRIES_OF_ADDRESS
    yield f"name\n{name}", TRIES_OF_NAME
