"""Lists that are read from a generator when they are first needed, and once: the members of a group, as Celery's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

#: What needs to know what is in a list.
_NEEDS_ITEMS = (
    *("__iter__", "__reversed__", "__len__", "__contains__", "__getitem__", "__setitem__"),
    *("__delitem__", "__add__", "__iadd__", "__mul__", "__rmul__", "__imul__"),
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"),
    *("append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse"),
    "sort",
)


class LazyList(list[Any]):
    """A list whose items come from an iterator that is read when one of them, or their number, is first asked for.

    What the iterator raises is raised each time: half of the items would look like all of them.
    """

    def __init__(self, source: Iterator[Any]) -> None:
        super().__init__()
        self._source: Iterator[Any] | None = source
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
            source = self._source
            if source is None:
                return
            try:
                items = list(source)
            except BaseException as error:
                self._error = error
                raise
            super().extend(items)
            self._source = None

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
    """Return what a function makes of each item; of a list that is not read yet, another such list."""
    if isinstance(items, LazyList) and not items.is_read:
        return LazyList(_mapped(function, items))
    return [function(item) for item in items]


def listed(items: Iterable[Any]) -> list[Any]:
    """Return items as a list of one's own; one that is not read yet stays so."""
    return each(lambda item: item, items)


def unread(items: Iterable[Any]) -> list[Any]:
    """Return items as a list that reads them, if they come from an iterator, when they are needed."""
    return LazyList(items) if isinstance(items, Iterator) else listed(items)


def _mapped(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        yield function(item)
