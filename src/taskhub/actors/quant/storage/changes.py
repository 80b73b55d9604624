"""What an answer changes in what is there: a comparison of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

__all__ = ("Changes", "Key", "Values", "compare")

Key = tuple[Any, ...]
Values = tuple[Any, ...]


class Changes(NamedTuple):
    """What has to be written.

    Args:
        new: Rows that are not there, in the order of their keys.
        changed: Rows that are there with other values, or marked as removed, in the order of
            their keys.
        unchanged: How many are there as they are.
        gone: Keys that are there and not in the answer, in order.
    """

    new: list[tuple[Key, Values]]
    changed: list[tuple[Key, Values]]
    unchanged: int
    gone: list[Key]


def compare(
    present: Mapping[Key, Values | None], received: Iterable[tuple[Key, Values]]
) -> Changes:
    """Compare rows with those that are there.

    Args:
        present: Values by key; None: it is there, but marked as removed.
        received: Keys and values, each key once.
    """
    new: list[tuple[Key, Values]] = []
    changed: list[tuple[Key, Values]] = []
    unchanged = 0
    seen: set[Key] = set()
    for key, values in received:
        seen.add(key)
        if key not in present:
            new.append((key, values))
        elif present[key] == values:
            unchanged += 1
        else:
            changed.append((key, values))
    # Two writers that take rows in one order do not wait for each other in a circle.
    new.sort(key=itemgetter(0))
    changed.sort(key=itemgetter(0))
    gone = sorted(key for key, values in present.items() if values is not None and key not in seen)
    return Changes(new, changed, unchanged, gone)
