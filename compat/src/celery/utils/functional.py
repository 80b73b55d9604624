"""Small functions on functions and sequences (as `celery.utils.functional`)."""

from __future__ import annotations

import inspect
from collections import OrderedDict, UserList
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import wraps
from itertools import chain, islice, zip_longest
from threading import RLock
from typing import Any

from celery._unsupported import unsupported_getattr

__all__ = (
    "DummyContext",
    "LRUCache",
    "arity_greater",
    "chunks",
    "dictfilter",
    "evaluate_promises",
    "first",
    "firstmethod",
    "fun_accepts_kwargs",
    "fun_takes_argument",
    "head_from_fun",
    "is_list",
    "is_numeric_value",
    "lazy",
    "lookahead",
    "mattrgetter",
    "maybe",
    "maybe_evaluate",
    "maybe_list",
    "memoize",
    "mlazy",
    "noop",
    "padlist",
    "pass1",
    "regen",
    "seq_concat_item",
    "seq_concat_seq",
    "uniq",
)


class DummyContext:
    """A context manager that does nothing."""

    def __enter__(self) -> DummyContext:
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Do nothing."""


class LRUCache(OrderedDict[Any, Any]):
    """A mapping that drops what was used longest ago when it has more entries than its limit.

    Args:
        limit: The most entries; None: any number.
    """

    def __init__(self, limit: int | None = None) -> None:
        super().__init__()
        self.limit = limit
        self.mutex = RLock()

    def __getitem__(self, key: Any) -> Any:
        with self.mutex:
            value = super().__getitem__(key)
            self.move_to_end(key)
            return value

    def __setitem__(self, key: Any, value: Any) -> None:
        with self.mutex:
            super().__setitem__(key, value)
            self.move_to_end(key)
            while self.limit and len(self) > self.limit:
                super().__delitem__(next(iter(self)))

    def incr(self, key: Any, delta: int = 1) -> int:
        """Add to a number, which is stored as text."""
        with self.mutex:
            value = int(self[key]) + delta
            self[key] = str(value)
            return value


class lazy:
    """A call that is made when it is asked for: by calling this, `str`, `==` and the like."""

    def __init__(self, fun: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._fun, self._args, self._kwargs = fun, args, kwargs

    def __call__(self) -> Any:
        return self.evaluate()

    def evaluate(self) -> Any:
        """Make the call and return its value."""
        return self._fun(*self._args, **self._kwargs)

    def __str__(self) -> str:
        return str(self())

    def __repr__(self) -> str:
        return repr(self())

    def __eq__(self, other: object) -> bool:
        return bool(self() == other)

    def __hash__(self) -> int:
        return id(self)


class mlazy(lazy):
    """As `lazy`, called once."""

    evaluated = False
    _value: Any = None

    def evaluate(self) -> Any:
        """Make the call, the first time, and return its value."""
        if not self.evaluated:
            self._value = super().evaluate()
            self.evaluated = True
        return self._value


def maybe_evaluate(value: Any) -> Any:
    """Return the value of a `lazy` call; anything else as it is."""
    return value.evaluate() if isinstance(value, lazy) else value


def evaluate_promises(it: Iterable[Any]) -> Iterator[Any]:
    """Yield each value, and those of `lazy` calls in their place."""
    return map(maybe_evaluate, it)


def is_list(
    obj: Any, scalars: tuple[type, ...] = (Mapping, str), iters: tuple[type, ...] = (Iterable,)
) -> bool:
    """Return whether an object can be iterated over and is none of `scalars`."""
    return isinstance(obj, iters) and not isinstance(obj, scalars or ())


def maybe_list(obj: Any, scalars: tuple[type, ...] = (Mapping, str)) -> Any:
    """Return a list of one for a scalar; None and what can be iterated over as it is."""
    return obj if obj is None or is_list(obj, scalars) else [obj]


def dictfilter(d: Mapping[Any, Any] | None = None, **kw: Any) -> dict[Any, Any]:
    """Return the entries that are not None."""
    return {name: value for name, value in {**(d or {}), **kw}.items() if value is not None}


def memoize(
    maxsize: int | None = None, keyfun: Any = None, Cache: Any = LRUCache
) -> Callable[[Callable[..., Any]], Any]:
    """Return a decorator that remembers what a function has returned.

    Args:
        maxsize: For how many calls; None: for all.
        keyfun: Makes the key of a call from its positional and keyword arguments.
        Cache: The class of the mapping that holds the values.
    """

    def decorate(fun: Callable[..., Any]) -> Any:
        cache, mutex = Cache(limit=maxsize), RLock()

        @wraps(fun)
        def remembered(*args: Any, **kwargs: Any) -> Any:
            key = keyfun(args, kwargs) if keyfun else (args, tuple(sorted(kwargs.items())))
            try:
                with mutex:
                    value = cache[key]
            except KeyError:
                value = fun(*args, **kwargs)
                remembered.misses += 1  # type: ignore[attr-defined]
                with mutex:
                    cache[key] = value
            else:
                remembered.hits += 1  # type: ignore[attr-defined]
            return value

        def clear() -> None:
            """Forget everything."""
            cache.clear()
            vars(remembered).update(hits=0, misses=0)

        vars(remembered).update(hits=0, misses=0, clear=clear, original_func=fun)
        return remembered

    return decorate


def noop(*args: Any, **kwargs: Any) -> None:
    """Do nothing, with any arguments."""


def pass1(arg: Any, *args: Any, **kwargs: Any) -> Any:
    """Return the first argument."""
    return arg


def first(predicate: Any, it: Iterable[Any]) -> Any:
    """Return the first item that `predicate` accepts, by default one that is not None."""
    for item in it:
        if item is not None if predicate is None else predicate(item):
            return item
    return None


def firstmethod(method: str, on_call: Any = None) -> Callable[..., Any]:
    """Return a function that returns the first result of a method of objects that is not None."""

    def first_result(it: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        for one in it:
            found = getattr(maybe_evaluate(one), method)
            answer = on_call(found, *args, **kwargs) if on_call else found(*args, **kwargs)
            if answer is not None:
                return answer
        return None

    return first_result


def chunks(it: Iterator[Any], n: int) -> Iterator[list[Any]]:
    """Yield the items of an iterator in lists of `n`; the last one may be shorter."""
    for item in it:
        yield [item, *islice(it, n - 1)]


def padlist(container: Sequence[Any], size: int, default: Any = None) -> list[Any]:
    """Return the first `size` items, filled up with `default`."""
    return [*container[:size], *[default] * (size - len(container))]


def mattrgetter(*attrs: str) -> Callable[[Any], dict[str, Any]]:
    """Return a function that returns attributes of an object by name; None: missing."""
    return lambda obj: {name: getattr(obj, name, None) for name in attrs}


def uniq(it: Iterable[Any]) -> Iterator[Any]:
    """Return each item once, in the order in which they come."""
    return iter(dict.fromkeys(it))


def lookahead(it: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """Yield each item together with the next one; None behind the last."""
    items = list(it)
    return zip_longest(items, items[1:])


class _Regenerated(UserList[Any]):
    """An iterator that can be iterated over again; it is read once, when it is needed."""

    def __init__(self, it: Iterator[Any]) -> None:
        self._it = it
        self._read: list[Any] = []
        self._done = False

    @property
    def data(self) -> list[Any]:  # type: ignore[override]
        """All items."""
        if not self._done:
            self._read.extend(self._it)
            self._done = True
        return self._read

    def fully_consumed(self) -> bool:
        """Return whether the iterator was read to its end."""
        return self._done

    def __iter__(self) -> Iterator[Any]:
        yield from self._read
        while not self._done:
            try:
                item = next(self._it)
            except StopIteration:
                self._done = True
            else:
                self._read.append(item)
                yield item

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (self.data,)


def regen(it: Any) -> Any:
    """Return an iterable that can be iterated more than once; lists and tuples as they are."""
    return it if isinstance(it, list | tuple) else _Regenerated(iter(it))


def head_from_fun(fun: Callable[..., Any], bound: bool = False) -> Callable[..., None]:
    """Return a function that takes the same arguments, and does nothing.

    Args:
        fun: The function.
        bound: Leave out the first parameter.
    """
    signature = inspect.signature(fun)
    if bound:
        signature = signature.replace(parameters=list(signature.parameters.values())[1:])

    def head(*args: Any, **kwargs: Any) -> None:
        signature.bind(*args, **kwargs)

    head.__signature__ = signature  # type: ignore[attr-defined]
    return head


def arity_greater(fun: Callable[..., Any], n: int) -> bool:
    """Return whether a function takes more than `n` positional arguments."""
    spec = inspect.getfullargspec(fun)
    count = len(spec.args) - inspect.ismethod(fun)
    return bool(spec.varargs) or count > n


def fun_takes_argument(name: str, fun: Callable[..., Any], position: int | None = None) -> bool:
    """Return whether a function takes an argument by this name, or as the one of this position."""
    spec = inspect.getfullargspec(fun)
    return bool(
        spec.varkw
        or (spec.varargs if position is None else len(spec.args) >= position or spec.varargs)
        or name in spec.args
    )


def fun_accepts_kwargs(fun: Callable[..., Any]) -> bool:
    """Return whether a function takes any keyword arguments."""
    return any(
        one.kind is inspect.Parameter.VAR_KEYWORD
        for one in inspect.signature(fun).parameters.values()
    )


def maybe(typ: Callable[[Any], Any], val: Any) -> Any:
    """Return `typ(val)`; None for None."""
    return None if val is None else typ(val)


def seq_concat_item(seq: Any, item: Any) -> Any:
    """Return a list or tuple with an item added."""
    return type(seq)(chain(seq, [item]))


def seq_concat_seq(a: Any, b: Any) -> Any:
    """Return two lists or tuples as one, of the kind of the longer."""
    kind = type(max([a, b], key=len))
    return kind(chain(a, b))


def is_numeric_value(value: Any) -> bool:
    """Return whether a value is a number, and no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool)


__getattr__ = unsupported_getattr(__name__)
