"""Counts that only grow, made of counts by the minute that are forgotten after a while."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

#: Who has not looked for longer than this misses what was counted meanwhile, minutes.
LONGEST_GAP = 60


class Totals:
    """Adds up what is counted from the first read on."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._seen: dict[int, Mapping[str, int]] = {}

    def read(
        self, now: int, counts: Callable[[Sequence[int]], Sequence[Mapping[str, int]]]
    ) -> Mapping[str, int]:
        """Return what was counted since the first read, which returns nothing.

        Args:
            now: the present minute.
            counts: returns what was counted in some minutes.
        """
        last = max(self._seen, default=None)
        first = now if last is None else min(now, max(last, now - LONGEST_GAP))
        minutes = range(first, now + 1)
        found = dict(zip(minutes, counts(minutes), strict=True))
        if last is not None:
            for minute, fields in found.items():
                seen = self._seen.get(minute, {})
                self._counts.update(
                    {name: count - seen.get(name, 0) for name, count in fields.items()}
                )
        # A commit counts in the minute in which it is written: earlier ones don't change any more.
        self._seen = {now: found[now]}
        return dict(self._counts)
