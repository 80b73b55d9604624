"""Proxies for objects that are looked up at each use: the current app, its tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Proxy:
    """Behaves as what a function returns, in all that tasks and apps are used for.

    Also to `isinstance`; only `type()` shows the difference.
    """

    __slots__ = ("__weakref__", "_find")

    def __init__(self, find: Callable[[], Any]) -> None:
        object.__setattr__(self, "_find", find)

    def __getattribute__(self, name: str) -> Any:
        find = object.__getattribute__(self, "_find")
        # Celery's word for what it stands for, which programs call.
        return find if name == "_get_current_object" else getattr(find(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_found(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_found(self), name)

    # Python looks these up on the class.

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _found(self)(*args, **kwargs)

    def __repr__(self) -> str:
        return repr(_found(self))

    def __str__(self) -> str:
        return str(_found(self))

    def __dir__(self) -> list[str]:
        return dir(_found(self))

    def __bool__(self) -> bool:
        return bool(_found(self))

    def __eq__(self, other: object) -> bool:
        return bool(_found(self) == (_found(other) if type(other) is Proxy else other))

    def __hash__(self) -> int:
        return hash(_found(self))

    def __signal_sender__(self) -> Any:
        return _found(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _found(self).__reduce_ex__(protocol)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self


def _found(proxy: Proxy) -> Any:
    return object.__getattribute__(proxy, "_find")()
