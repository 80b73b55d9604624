"""Loggers for tasks: `logger = get_task_logger(__name__)`."""

from __future__ import annotations

import logging

#: The parent of every task's logger.
TASK_LOGGER = "taskhub.task"

#: Names that stand for taskhub's own loggers; Celery's are answered by ours.
_RESERVED = frozenset(("celery", "celery.task", "taskhub", TASK_LOGGER))


def get_logger(name: str) -> logging.Logger:
    """Return the logger of a name; what it logs goes to taskhub's handlers, too, as Celery's
    `get_logger`.
    """
    return _below(name, "taskhub")


def get_task_logger(name: str) -> logging.Logger:
    """Return the logger of a task module; what it logs goes to the handlers for tasks, as Celery's
    `get_task_logger`.

    Raises:
      RuntimeError: the name is that of a logger of taskhub's own.
    """
    if name in _RESERVED:
        raise RuntimeError(f"Logger name {name!r} is reserved!")
    return _below(name, TASK_LOGGER)


def _below(name: str, parent: str) -> logging.Logger:
    logger = logging.getLogger(name)
    above: logging.Logger | None = logger
    while above is not None:
        if above.name == parent:
            return logger
        above = above.parent
    if logger.parent is logging.getLogger():
        logger.parent = logging.getLogger(parent)
    return logger
