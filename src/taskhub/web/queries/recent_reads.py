"""What was read from the store a moment ago, and is used again."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, TypeVar

__all__ = ("RecentReads",)

T = TypeVar("T")

#: What was found is used again for so long, seconds.
FRESH: Final = 0.8
#: What takes long is looked at for this part of the time at most, but so often, seconds.
SHARE: Final = 0.005
OLDEST: Final = 30.0
#: From so many names on, those that were read longer ago than that are dropped: filters make names.
MANY: Final = 100


class RecentReads:
    """Keeps what was read, by name; any thread may ask."""

    def __init__(self) -> None:
        self._fresh: dict[str, tuple[float, Any]] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def forget_fresh(self) -> None:
        """Look anew next time, since something was changed."""
        self._fresh.clear()

    def once(self, name: str, read: Callable[[], T], fresh: float = FRESH) -> T:
        """Return what was found a moment ago, or look."""
        with self._locks[name]:
            at, found = self._fresh.get(name, (0.0, None))
            if not at or time.monotonic() - at > fresh:
                found = read()
                self._fresh[name] = (time.monotonic(), found)
                if len(self._locks) > MANY:
                    self._drop_old()
            return found  # type: ignore[no-any-return]

    def once_cheaply(self, name: str, read: Callable[[], T]) -> T:
        """Return what was found before, or look, so that looking takes little of the time."""

        def timed() -> tuple[T, float]:
            began = time.monotonic()
            found = read()
            return found, min(OLDEST, (time.monotonic() - began) / SHARE)

        _, (_, fresh) = self._fresh.get(name, (0.0, (None, FRESH)))
        return self.once(name, timed, max(FRESH, fresh))[0]

    def _drop_old(self) -> None:
        """Drop names that nobody reads, and that are too old to be used again."""
        now = time.monotonic()
        for name, lock in self._locks.copy().items():
            at, _ = self._fresh.get(name, (0.0, None))
            if not lock.locked() and (not at or now - at > OLDEST):
                # Who has just taken this lock reads once more than needed.
                self._fresh.pop(name, None)
                self._locks.pop(name, None)
