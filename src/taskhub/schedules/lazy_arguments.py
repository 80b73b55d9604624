"""Arguments of a periodic job that are computed when it fires (as `celery.beat.BeatLazyFunc`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class BeatLazyFunc:
    """An argument that is computed when the entry fires, under Celery's name.

    Args:
        func: Called with the other arguments.
    """

    def __init__(self, func: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self._call = func, args, kwargs

    def __call__(self) -> Any:
        return self.delay()

    def delay(self) -> Any:
        """Return the argument."""
        function, args, kwargs = self._call
        return function(*args, **kwargs)


def resolve_argument(value: Any) -> Any:
    """Return an argument; one that is a `BeatLazyFunc`, computed now."""
    return value() if isinstance(value, BeatLazyFunc) else value
