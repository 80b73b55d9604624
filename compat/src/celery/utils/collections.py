"""Mappings and sets (as `celery.utils.collections`)."""

from __future__ import annotations

import collections
import heapq
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from celery._unsupported import unsupported_getattr

__all__ = (
    "AttributeDict",
    "AttributeDictMixin",
    "ChainMap",
    "DictAttribute",
    "LimitedSet",
    "OrderedDict",
    "force_mapping",
    "lpmerge",
)

OrderedDict = collections.OrderedDict


class AttributeDictMixin:
    """Lets items of a mapping be read and set as attributes."""

    def __getattr__(self, k: str) -> Any:
        items: Any = self
        try:
            return items[k]
        except KeyError:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {k!r}") from None

    def __setattr__(self, key: str, value: Any) -> None:
        items: Any = self
        items[key] = value


class AttributeDict(dict[Any, Any], AttributeDictMixin):
    """A dictionary whose items are attributes, too."""


class DictAttribute(MutableMapping[str, Any]):
    """The attributes of an object as a mapping."""

    obj: Any

    def __init__(self, obj: Any) -> None:
        object.__setattr__(self, "obj", obj)

    def __getattr__(self, key: str) -> Any:
        return getattr(self.obj, key)

    def __setattr__(self, key: str, value: Any) -> None:
        setattr(self.obj, key, value)

    def __getitem__(self, key: str) -> Any:
        try:
            return getattr(self.obj, key)
        except AttributeError:
            raise KeyError(key) from None

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self.obj, key, value)

    def __delitem__(self, key: str) -> None:
        delattr(self.obj, key)

    def __iter__(self) -> Iterator[str]:
        return iter(dir(self.obj))

    def __len__(self) -> int:
        return len(dir(self.obj))


class ChainMap(collections.ChainMap[Any, Any]):
    """Several mappings as one; what is set goes to the first.

    Args:
        maps: The mappings; the first that has a key counts.
        key_t: Makes the key under which is looked from the one that is asked for.
        observers: Called with what `update` is called with.
        prefix_keys: Accepted as Celery's, without effect.
        defaults: The last of the mappings; None: `maps[-1]`.
    """

    def __init__(
        self,
        *maps: MutableMapping[Any, Any],
        key_t: Callable[[Any], Any] | None = None,
        observers: Iterable[Callable[..., Any]] = (),
        prefix_keys: Any = None,
        defaults: MutableMapping[Any, Any] | None = None,
    ) -> None:
        super().__init__(*maps)
        self.key_t = key_t
        self.changes = self.maps[0]
        self.defaults = self.maps[-1] if defaults is None else defaults
        self._observers = list(observers)

    def add_defaults(self, d: Any) -> None:
        """Add a mapping behind the first."""
        self.maps.insert(1, force_mapping(d))

    def bind_to(self, callback: Callable[..., Any]) -> None:
        """Call a function with what `update` is called with."""
        self._observers.append(callback)

    def __getitem__(self, key: Any) -> Any:
        return super().__getitem__(self.key_t(key) if self.key_t else key)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Set items of the first mapping."""
        self.changes.update(*args, **kwargs)
        for observer in self._observers:
            observer(*args, **kwargs)


def force_mapping(m: Any) -> Any:
    """Return a mapping; the attributes of an object that is none."""
    return m if isinstance(m, Mapping) else DictAttribute(m)


def lpmerge(L: MutableMapping[Any, Any], R: Mapping[Any, Any]) -> MutableMapping[Any, Any]:
    """Add to a mapping what is not None in another; returns it."""
    L.update({key: value for key, value in R.items() if value is not None})
    return L


class LimitedSet:
    """A set that forgets its oldest items: those beyond `maxlen`, and those older than `expires`.

    Args:
        maxlen: The most items; 0: any number.
        expires: Seconds after which an item goes; 0: never.
        data: Items to begin with: another such set, a mapping of items to times, or items.
        minlen: So many stay, however old.

    Raises:
        ValueError: A bound is negative, or `minlen` is above `maxlen`.
    """

    def __init__(
        self, maxlen: int = 0, expires: float = 0, data: Any = None, minlen: int = 0
    ) -> None:
        self.maxlen, self.expires, self.minlen = maxlen or 0, expires or 0, minlen or 0
        if self.minlen > self.maxlen > 0 or self.minlen < 0:
            raise ValueError("minlen must be between 0 and maxlen")
        if self.expires < 0:
            raise ValueError("expires must not be negative")
        self._data: dict[Any, float] = {}
        self._heap: list[tuple[float, int, Any]] = []
        self._count = 0
        if data:
            self.update(data)

    def clear(self) -> None:
        """Forget everything."""
        self._data.clear()
        self._heap.clear()

    def add(self, item: Any, now: float | None = None) -> None:
        """Add an item, or make it as young as one added now."""
        at = now or time.time()
        self._data[item] = at
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, item))
        if self.maxlen and len(self) >= self.maxlen:
            self.purge()

    def update(self, other: Any) -> None:
        """Add the items of another such set, of a mapping of items to times, or of an iterable."""
        if not other:
            return
        if isinstance(other, LimitedSet):
            other = other.as_dict()
        if isinstance(other, dict):
            for item, at in other.items():
                self.add(item, at.get("inserted") if isinstance(at, dict) else at)
            return
        for item in other:
            self.add(item)

    def discard(self, item: Any) -> None:
        """Forget an item."""
        self._data.pop(item, None)

    pop_value = discard

    def purge(self, now: float | None = None) -> None:
        """Forget what is too old or too much."""
        at = now or time.time()
        while self.maxlen and len(self) > self.maxlen:
            self.pop()
        while self.expires and len(self) > self.minlen:
            oldest = self._oldest()
            if oldest is None or self._data[oldest] > at - self.expires:
                break
            self.pop()

    def _oldest(self) -> Any:
        while self._heap:
            at, _, item = self._heap[0]
            if self._data.get(item) == at:
                return item
            heapq.heappop(self._heap)
        return None

    def pop(self, default: Any = None) -> Any:
        """Forget the oldest item and return it; `default` if there is none."""
        oldest = self._oldest()
        if not self._data:
            return default
        self._data.pop(oldest)
        return oldest

    def as_dict(self) -> dict[Any, float]:
        """Return the items with the times at which they were added."""
        return dict(self._data)

    def __contains__(self, item: object) -> bool:
        return item in self._data

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> Iterator[Any]:
        return iter(sorted(self._data, key=self._data.__getitem__))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LimitedSet) and self._data == other._data

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"LimitedSet(maxlen={self.maxlen}, expires={self.expires}, {len(self)} items)"


__getattr__ = unsupported_getattr(__name__)
