"""Small classes (as `celery.utils.objects`)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from celery._unsupported import unsupported_getattr

__all__ = ("Bunch", "FallbackContext", "getitem_property", "mro_lookup")


class Bunch:
    """An object with the attributes that it is given."""

    def __init__(self, **kwargs: Any) -> None:
        self.__dict__.update(kwargs)


def mro_lookup(
    cls: type,
    attr: str,
    stop: Collection[type] | None = None,
    monkey_patched: Collection[str] | None = None,
) -> type | None:
    """Return the first class, of a class and its ancestors, that defines an attribute.

    Args:
        cls: The class.
        attr: The attribute's name.
        stop: Ancestors at which the search ends, without anything found.
        monkey_patched: Modules from which `stop` may have got the attribute: then the class
            counts.
    """
    for node in cls.mro():
        if stop and node in stop:
            origin = getattr(node.__dict__.get(attr), "__module__", None)
            return node if monkey_patched and origin and origin not in monkey_patched else None
        if attr in node.__dict__:
            return node
    return None


class FallbackContext:
    """A context that gives what it was given, or else what it makes and cleans up itself."""

    def __init__(
        self, provided: Any, fallback: Callable[..., Any], *fb_args: Any, **fb_kwargs: Any
    ) -> None:
        self.provided = provided
        self.fallback = fallback
        self.fb_args, self.fb_kwargs = fb_args, fb_kwargs
        self._context: Any = None

    def __enter__(self) -> Any:
        if self.provided is not None:
            return self.provided
        self._context = self.fallback(*self.fb_args, **self.fb_kwargs)
        return self._context.__enter__()

    def __exit__(self, *exc_info: Any) -> Any:
        if self._context is not None:
            return self._context.__exit__(*exc_info)
        return None


class getitem_property:
    """An attribute for an item of its object, e.g. `getitem_property("options.chord")`."""

    def __init__(self, keypath: str, doc: str | None = None) -> None:
        path, _, self.key = keypath.rpartition(".")
        self.path = path.split(".") if path else None
        self.__doc__ = doc

    def _target(self, obj: Any) -> Any:
        for name in self.path or ():
            obj = obj[name]
        return obj

    def __get__(self, obj: Any, type: Any = None) -> Any:
        return type if obj is None else self._target(obj).get(self.key)

    def __set__(self, obj: Any, value: Any) -> None:
        self._target(obj)[self.key] = value


__getattr__ = unsupported_getattr(__name__)
