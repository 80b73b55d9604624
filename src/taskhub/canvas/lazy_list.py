"""Lists that read a generator once, when an item is needed: the members of a group."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

#: So many items that were streamed are kept, so that what a generator makes can be sent again.
KEPT = 10_000
_BEING_STREAMED = (
    "the members of this canvas come from a generator, and are being sent while it is read"
)
_STREAMED = (
    f"the members of this canvas came from a generator and were sent while it was read; more than "
    f"{KEPT:,} are not kept: make the canvas anew, or of a list"
)

#: What needs to know what is in a list.
_NEEDS_ITEMS = (
    *("__iter__", "__reversed__", "__len__", "__contains__", "__getitem__", "__setitem__"),
    *("__delitem__", "__add__", "__iadd__", "__mul__", "__rmul__", "__imul__"),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
    *("append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse"),
    "sort",
)


class LazyList(list[Any]):
    """A list that reads an iterator when one of its items, or their number, is first needed.

    What the iterator raises is raised each time: half of the items would look like all of them.

    Args:
        source: An iterator; or another such list, of which this one has what `function` makes
            of each item.
    """

    def __init__(
        self, source: Iterator[Any] | LazyList, function: Callable[[Any], Any] | None = None
    ) -> None:
        super().__init__()
        self._source: Iterator[Any] | LazyList | None = source
        self._function = function
        #: Items that were read before they were asked for.
        self._ahead: list[Any] = []
        self._error: BaseException | None = None
        self._lock = threading.RLock()

    @property
    def is_read(self) -> bool:
        """Whether the items are known."""
        return self._source is None

    def _read(self) -> None:
        if self.is_read:
            return
        with self._lock:
            if self._error is not None:
                raise self._error
            # Another thread may have read it in the meantime.
            source, make = self._source, self._function
            if source is None:
                return
            try:
                items = [*self._ahead, *(source if make is None else map(make, source))]
            except BaseException as error:
                self._error = error
                raise
            self._store(items)

    def _store(self, items: list[Any]) -> None:
        super().extend(items)
        self._source = None

    def head(self, count: int) -> list[Any]:
        """Return up to `count` items from the beginning, reading no more."""
        source, make = self._source, self._function
        if source is None:
            return self[:count]
        if isinstance(source, LazyList):
            items = source.head(count)
            return items if make is None else [make(item) for item in items]
        with self._lock:
            if self._error is not None:
                raise self._error
            try:
                self._ahead += itertools.islice(source, max(0, count - len(self._ahead)))
            except BaseException as error:
                self._error = error
                raise
            return self._ahead[:count]

    def stream(self) -> Iterator[Any]:
        """Yield the items while they are read; more than `KEPT` of them are not kept.

        Raises:
            RuntimeError: They have been streamed, or are being streamed.
        """
        source, make = self._source, self._function
        if source is None:
            return iter(self)
        if isinstance(source, LazyList):
            items = source.stream()
            return items if make is None else (make(item) for item in items)
        return self._streamed(source)

    def _streamed(self, source: Iterator[Any]) -> Iterator[Any]:
        with self._lock:
            if self._error is not None:
                raise self._error
            ahead = self._ahead
            self._ahead, self._error = [], RuntimeError(_BEING_STREAMED)
        kept: list[Any] | None = [*ahead]
        try:
            yield from ahead
            for item in source:
                if kept is not None:
                    kept.append(item)
                    kept = kept if len(kept) <= KEPT else None
                yield item
        except GeneratorExit:
            # The reader stopped early; the next one starts again.
            self._error = RuntimeError(_STREAMED) if kept is None else None
            self._ahead = kept or []
            raise
        except BaseException as error:
            self._error = error
            raise
        self._error = RuntimeError(_STREAMED) if kept is None else None
        if kept is not None:
            self._store(kept)

    def __radd__(self, other: list[Any]) -> list[Any]:
        return [*other, *self]

    def __repr__(self) -> str:
        # Not read for this: logging a canvas must not use up its generator.
        return super().__repr__() if self.is_read else "<not read yet>"

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return list, (list(self),)


def _reading(name: str) -> Callable[..., Any]:
    method: Callable[..., Any] = getattr(list, name)

    def read_first(self: LazyList, *args: Any, **kwargs: Any) -> Any:
        self._read()
        # Lists look into another one without asking it.
        for other in args:
            if isinstance(other, LazyList):
                other._read()
        return method(self, *args, **kwargs)

    read_first.__name__ = name
    return read_first


for _name in _NEEDS_ITEMS:
    setattr(LazyList, _name, _reading(_name))


def each(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Apply a function to each item; for a list that is not read yet, when it is read."""
    if isinstance(items, LazyList) and not items.is_read:
        return LazyList(items, function)
    return [function(item) for item in items]


def listed(items: Iterable[Any]) -> list[Any]:
    """Return a new list of items; one that is not read yet stays so."""
    if isinstance(items, LazyList) and not items.is_read:
        return LazyList(items)
    return list(items)


def unread(items: Iterable[Any]) -> list[Any]:
    """Return items as a list; an iterator is read when they are needed."""
    return LazyList(items) if isinstance(items, Iterator) else listed(items)


def streamed(items: Iterable[Any]) -> Iterator[Any]:
    """Iterate over items; a list that is not read yet is streamed (see `LazyList.stream`)."""
    return items.stream() if isinstance(items, LazyList) else iter(items)


def head(items: Any, count: int) -> Any:
    """Return up to `count` items from the beginning of a sequence, reading no more."""
    return items.head(count) if isinstance(items, LazyList) else items[:count]
