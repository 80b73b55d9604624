"""The `einfo` that handlers receive."""

from __future__ import annotations

import sys
from functools import cache
from types import TracebackType
from typing import Any, Self

from taskhub.serialization.failures import format_traceback


class ExceptionInfo:
    """An exception with its traceback, under the names that Celery's handlers know.

    Where a program has imported billiard, it counts as an instance of billiard's class, by which
    monitoring libraries know it.
    """

    def __new__(cls, *args: Any, **options: Any) -> Self:
        kind: Any = cls
        billiard = sys.modules.get("billiard.einfo")
        if billiard is not None:
            kind = _kin(kind, billiard.ExceptionInfo)
        made: Self = super().__new__(kind)
        return made

    def __init__(self, exception: BaseException, *, internal: bool = False) -> None:
        self.exception = exception
        self.type = type(exception)
        self.tb: TracebackType | None = exception.__traceback__
        #: The traceback's text.
        self.traceback = format_traceback(exception)
        self.internal = internal

    @property
    def exc_info(self) -> tuple[type[BaseException], BaseException, TracebackType | None]:
        """What `sys.exc_info()` would have returned."""
        return self.type, self.exception, self.tb

    def __str__(self) -> str:
        return self.traceback

    def __repr__(self) -> str:
        return f"<ExceptionInfo: {self.exception!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.exception, self.traceback, self.internal)


@cache
def _kin(ours: Any, theirs: Any) -> Any:
    """Return a class that is both."""
    return type(ours.__name__, (ours, theirs), {})


def _rebuild(exception: BaseException, traceback: str, internal: bool) -> ExceptionInfo:
    """Return what was pickled; tracebacks stay where they are, but for their text."""
    info = ExceptionInfo(exception, internal=internal)
    info.traceback = traceback
    return info
