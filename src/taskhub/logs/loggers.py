"""Loggers of a worker: Celery's, where a program imports `celery`.

Programs written for Celery set up `celery`, `celery.task`, `celery.worker` and others: their
levels, handlers and filters are to apply to taskhub's lines. So where `celery` is imported, the
lines about tasks are written by loggers of Celery's names, and taskhub's own loggers pass what they
log on to Celery's before it reaches the root logger.
"""

from __future__ import annotations

import logging
import sys
import traceback
from contextlib import suppress

#: Below it are the loggers of `get_task_logger`.
TASK_LOGGER = "taskhub.task"
#: The logger of outcomes.
TRACE_LOGGER = "taskhub.trace"

#: Our loggers, and those of Celery's for the same lines.
_CELERYS = {
    "taskhub": "celery",
    TASK_LOGGER: "celery.task",
    TRACE_LOGGER: "celery.app.trace",
    "taskhub.worker": "celery.worker",
    "taskhub.scheduler": "celery.beat",
    "taskhub.redirected": "celery.redirected",
}
#: Loggers that are enabled again when a program's `dictConfig` has disabled them.
_OURS = ("taskhub", "dramatiq")


class GuardedLogger(logging.Logger):
    """A logger that prints the exceptions of its handlers to standard error.

    Handlers of a program may raise, as when their server is away. That must not fail a task that
    has succeeded, or end the thread that logs.
    """

    def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Pass a record to the handlers."""
        try:
            super().callHandlers(record)
        except (Exception, SystemExit):
            if logging.raiseExceptions and sys.stderr is not None:
                with suppress(Exception):
                    sys.stderr.write(
                        f"a handler of the logger {self.name} has raised:\n{traceback.format_exc()}"
                    )


def guard(logger: logging.Logger) -> None:
    """Make a logger a `GuardedLogger`."""
    if type(logger) is logging.Logger:
        logger.__class__ = GuardedLogger


def logger_for(name: str) -> logging.Logger:
    """Return a logger of taskhub's by its name, or Celery's for it where `celery` is imported."""
    celerys = _CELERYS.get(name)
    return logging.getLogger(celerys if celerys and "celery" in sys.modules else name)


def adopt_loggers() -> None:
    """Enable taskhub's loggers, and make Celery's their parents where `celery` is imported."""
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        is_known = name.partition(".")[0] in _OURS or name in _CELERYS.values()
        if is_known and isinstance(logger, logging.Logger):
            logger.disabled = False
            if not f"{name}.".startswith(f"{TASK_LOGGER}."):
                # Those are for the code of tasks, which gets the exceptions of its own handlers.
                guard(logger)
    if "celery" not in sys.modules:
        return
    for ours, celerys in _CELERYS.items():
        logging.getLogger(ours).parent = logging.getLogger(celerys)
        if ours != TASK_LOGGER:
            guard(logging.getLogger(celerys))
