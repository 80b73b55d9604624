"""The `einfo` that handlers receive."""

from __future__ import annotations

from types import TracebackType

from taskhub.serialization.failures import format_traceback


class ExceptionInfo:
    """An exception with its traceback, under the names that Celery's handlers know."""

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
