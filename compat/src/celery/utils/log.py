"""Loggers for tasks: `logger = get_task_logger(__name__)`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub.logs.formatters import coloured
from taskhub.logs.loggers import TASK_LOGGER

__all__ = (
    "LOG_LEVELS",
    "ColorFormatter",
    "base_logger",
    "get_logger",
    "get_task_logger",
    "mlevel",
    "task_logger",
    "worker_logger",
)

#: Names that stand for taskhub's own loggers; Celery's are answered by ours.
_RESERVED = frozenset(("celery", "celery.task", "taskhub", TASK_LOGGER))

base_logger = logging.getLogger("taskhub")
task_logger = logging.getLogger(TASK_LOGGER)
worker_logger = logging.getLogger("taskhub.worker")

_NUMBERS = logging.getLevelNamesMapping()
#: Level -> its number, and number -> its name.
LOG_LEVELS: dict[Any, Any] = {
    **_NUMBERS,
    **{number: logging.getLevelName(number) for number in _NUMBERS.values()},
}


def get_logger(name: str) -> logging.Logger:
    """Return a logger whose records go to taskhub's handlers, too."""
    return _below(name, base_logger)


def get_task_logger(name: str) -> logging.Logger:
    """Return the logger of a task module, whose records go to the handlers for tasks.

    Raises:
        RuntimeError: The name is that of a logger of taskhub's own.
    """
    if name in _RESERVED:
        raise RuntimeError(f"Logger name {name!r} is reserved!")
    return _below(name, task_logger)


def mlevel(level: int | str | None) -> int | None:
    """Return the number of a level, given by name or number; None, or nothing, as it is.

    Raises:
        KeyError: There is no level of this name.
    """
    return _NUMBERS[level.upper()] if isinstance(level, str) else level


class ColorFormatter(logging.Formatter):
    """Formats warnings and errors in colour.

    Args:
        fmt, datefmt: As `logging.Formatter`'s.
        use_color: False: as `logging.Formatter` does.
    """

    def __init__(
        self, fmt: str | None = None, use_color: bool = True, datefmt: str | None = None
    ) -> None:
        super().__init__(fmt, datefmt)
        self.use_color = use_color

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        text = super().format(record)
        return coloured(text, record.levelno) if self.use_color else text


def _below(name: str, parent: logging.Logger) -> logging.Logger:
    logger = logging.getLogger(name)
    above: logging.Logger | None = logger
    while above is not None:
        if above is parent:
            return logger
        above = above.parent
    if logger.parent is logging.getLogger():
        logger.parent = parent
    return logger


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
