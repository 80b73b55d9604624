"""Objects that stand for others (as `celery.local`)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub.app.proxy import Proxy as _Proxy

__all__ = (
    "PromiseProxy",
    "Proxy",
    "class_property",
    "maybe_evaluate",
    "reclassmethod",
    "try_import",
)


class Proxy(_Proxy):
    """Stands for what a call returns; the call is made at each use.

    Args:
        local, args, kwargs: The call.
        name, __doc__: Accepted as Celery's, without effect.
    """

    __slots__ = ()

    def __init__(
        self,
        local: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        __doc__: str | None = None,
    ) -> None:
        super().__init__(lambda: local(*(args or ()), **(kwargs or {})))


class PromiseProxy(Proxy):
    """Stands for what a call returns; the call is made once, at the first use."""

    __slots__ = ()

    def __init__(
        self,
        local: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        __doc__: str | None = None,
    ) -> None:
        _Proxy.__init__(self, _Promise(lambda: local(*(args or ()), **(kwargs or {}))))

    def __getattribute__(self, name: str) -> Any:
        promise: _Promise = object.__getattribute__(self, "_find")
        known = {
            "__evaluated__": promise.is_made,
            "__maybe_evaluate__": promise,
            "__then__": promise.then,
        }
        return known[name] if name in known else super().__getattribute__(name)


class _Promise:
    """A call that is made once, and what is to follow it."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: list[Any] = []
        self._following: list[Callable[[], Any]] = []

    def __call__(self) -> Any:
        if not self._made:
            self._made.append(self._make())
            while self._following:
                self._following.pop(0)()
        return self._made[0]

    def is_made(self) -> bool:
        """Return whether the call was made."""
        return bool(self._made)

    def then(self, fun: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Call a function when the call was made."""
        if self._made:
            fun(*args, **kwargs)
        else:
            self._following.append(lambda: fun(*args, **kwargs))


def maybe_evaluate(obj: Any) -> Any:
    """Return what an object stands for; an object that stands for itself as it is."""
    return obj.__maybe_evaluate__() if issubclass(type(obj), PromiseProxy) else obj


class class_property:
    """A property of the class, too."""

    def __init__(self, getter: Any = None, setter: Any = None) -> None:
        self._get, self._set = getter, setter

    def __get__(self, obj: Any, type: Any = None) -> Any:
        return self._get(type if type is not None else obj.__class__)

    def __set__(self, obj: Any, value: Any) -> None:
        self._set(obj.__class__ if obj is not None else None, value)

    def setter(self, setter: Any) -> class_property:
        """Return the property with a function that sets it."""
        return class_property(self._get, setter)


def reclassmethod(method: Any) -> Any:
    """Return a class method that is made of a method."""
    return classmethod(getattr(method, "__func__", method))


def try_import(module: str, default: Any = None) -> Any:
    """Return a module, or `default` if it cannot be imported."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return default


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
