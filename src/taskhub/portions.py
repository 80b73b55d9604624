"""Cutting what a store is sent into portions that it takes at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

__all__ = ("BYTES", "portions")

#: How many bytes a store takes at once.
BYTES: Final = 4 * 1024 * 1024

T = TypeVar("T")


def portions(items: Iterable[T], size_of: Callable[[T], int], limit: int) -> Iterator[list[T]]:
    """Yield items in order, as many at a time as fit a limit.

    Args:
        items: Anything.
        size_of: Returns the bytes of an item.
        limit: How many bytes a portion has, unless its only item has more.
    """
    portion: list[T] = []
    size = 0
    for item in items:
        length = size_of(item)
        if portion and size + length > limit:
            yield portion
            portion, size = [], 0
        portion.append(item)
        size += length
    if portion:
        yield portion
