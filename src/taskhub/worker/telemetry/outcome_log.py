"""The outcome log: one line for each task that ends, in Celery's words and levels, no arguments.

The loggers' names are Celery's, too, where a program imports `celery`: `celery.app.trace` (see
`taskhub.logs.loggers`).
"""

from __future__ import annotations

import logging
from typing import Any

import dramatiq
from dramatiq import RateLimitExceeded

from taskhub import states
from taskhub.exceptions import Ignore, Reject, Retry
from taskhub.execution.execution import task_of
from taskhub.execution.request import Context
from taskhub.execution.runnable import NativeActor
from taskhub.logs.loggers import guard
from taskhub.serialization.safe_repr import arguments_hidden, safe_repr

#: Texts of results and exceptions are cut off here.
LENGTH = 1024

_SUCCESS = "Task %(name)s[%(id)s] succeeded in %(runtime)ss: %(return_value)s"
_FAILURE = "Task %(name)s[%(id)s] %(description)s: %(exc)s"
_RETRY = "Task %(name)s[%(id)s] retry: %(exc)s"
_IGNORED = "Task %(name)s[%(id)s] %(description)s"
_SKIPPED = "Task %(name)s[%(id)s] was skipped by middleware"
_REJECTED = "Task %(name)s[%(id)s] %(exc)s"

#: Lines of Dramatiq's threads about messages, with all arguments; ours replace them.
_DRAMATIQS = (
    "Failed to process message %s with unhandled exception.",
    "Failed to process message %s with expected exception %s.",
    "Message %s was skipped.",
    "Received message for undefined actor %r. Moving it to the DLQ.",
)


class OutcomeLog:
    """Writes the lines.

    Args:
        logger: Where to.
        level: Of lines about success, retries and what tasks ignore: INFO, or DEBUG to leave
            them out.
    """

    def __init__(self, logger: logging.Logger, level: int = logging.INFO) -> None:
        self._logger = logger
        self._level = level

    def succeeded(self, request: Context, runtime: float, value: Any) -> None:
        """Log that a task has returned a value."""
        if self._logger.isEnabledFor(self._level):
            fields = _fields(request, runtime=f"{runtime:.6f}", return_value=_text(value))
            self._logger.log(self._level, _SUCCESS, fields, extra={"data": fields})

    def skipped(self, request: Context) -> None:
        """Log that middleware of the program has skipped a message."""
        self._write(logging.WARNING, _SKIPPED, request)

    def ended(
        self, request: Context, state: str, error: BaseException, native: NativeActor | None
    ) -> None:
        """Log the outcome of a task that raised an exception, or whose result cannot be stored."""
        # The traceback, too, is written within this.
        with arguments_hidden():
            if native is None:
                self._ended(request, state, error)
            else:
                self._native_ended(request, error, native)

    def _native_ended(self, request: Context, error: BaseException, native: NativeActor) -> None:
        """Log a failed execution of a native actor at Dramatiq's levels, whether it is retried."""
        if isinstance(error, (RateLimitExceeded, dramatiq.Retry)):
            return self._write(logging.DEBUG, _RETRY, request, exc=_text(error))
        return self._raised(request, error, native.throws)

    def _ended(self, request: Context, state: str, error: BaseException) -> None:
        if isinstance(error, Reject):
            return self._write(logging.WARNING, _REJECTED, request, error, exc=safe_repr(error))
        if isinstance(error, Ignore):
            return self._write(self._level, _IGNORED, request, description="ignored")
        if isinstance(error, Retry) or state == states.RETRY:
            text = str(error) if isinstance(error, Retry) else _text(error)
            return self._write(self._level, _RETRY, request, exc=text[:LENGTH])
        return self._raised(request, error, getattr(task_of(request), "throws", None))

    def _raised(self, request: Context, error: BaseException, throws: Any) -> None:
        if throws and isinstance(error, throws):
            text = _text(error)
            return self._write(
                logging.INFO, _FAILURE, request, description="raised expected", exc=text
            )
        text = _text(error)
        return self._write(
            logging.ERROR, _FAILURE, request, error, description="raised unexpected", exc=text
        )

    def _write(
        self,
        level: int,
        text: str,
        request: Context,
        error: BaseException | None = None,
        **more: str,
    ) -> None:
        if self._logger.isEnabledFor(level):
            fields = _fields(request, **more)
            self._logger.log(level, text, fields, exc_info=error, extra={"data": fields})


def _fields(request: Context, **more: str) -> dict[str, Any]:
    name, task_id = request.shadow or request.task, request.id
    return {
        "hostname": request.hostname,
        "id": task_id and task_id[:LENGTH],
        "name": name and name[:LENGTH],
        **more,
    }


def _text(value: Any) -> str:
    if value is None or type(value) in (bool, int, float):
        return repr(value)
    return safe_repr(value, LENGTH)


class WithoutDramatiqsLines(logging.Filter):
    """Drops the lines of Dramatiq's threads about outcomes of messages."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is to be logged."""
        return record.msg not in _DRAMATIQS


def mute_dramatiq_lines() -> None:
    """Drop the lines of Dramatiq's worker threads about outcomes of messages."""
    for name in list(logging.Logger.manager.loggerDict):
        if name.startswith("dramatiq.worker."):
            logger = logging.getLogger(name)
            if not any(isinstance(found, WithoutDramatiqsLines) for found in logger.filters):
                logger.addFilter(WithoutDramatiqsLines())
                guard(logger)
