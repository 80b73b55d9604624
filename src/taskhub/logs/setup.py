"""Logging set-up of worker processes, and Celery's signals about it."""

from __future__ import annotations

import io
import logging
import sys
import threading
from dataclasses import dataclass
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

from taskhub import signals
from taskhub.logs.formatters import JSON, JsonFormatter, TaskFormatter
from taskhub.logs.loggers import TASK_LOGGER, adopt_loggers, logger_for
from taskhub.signals.signal import raise_first

#: Libraries that log too much at INFO: it is in our own lines.
_VERBOSE = ("dramatiq", "asyncio", "urllib3")


@dataclass(frozen=True)
class LoggingSetup:
    """The arguments of Celery's signals about logging."""

    level: str | int
    logfile: str | None
    format: str | None
    colorize: bool | None

    def run_setup_receivers(self) -> bool:
        """Let receivers of `setup_logging` set logging up; returns whether there are any.

        Raises:
            Exception: What a receiver raises.
        """
        replies = signals.setup_logging.send(None, **self._arguments)
        raise_first(replies)
        return bool(replies)

    def send_after_setup_logger(self, logger: logging.Logger) -> None:
        """Send `after_setup_logger` for the root logger."""
        signals.after_setup_logger.send(None, logger=logger, **self._arguments)

    def send_after_setup_task_logger(self, logger: logging.Logger) -> None:
        """Send `after_setup_task_logger` for the logger of tasks."""
        signals.after_setup_task_logger.send(None, logger=logger, **self._arguments)

    @property
    def _arguments(self) -> dict[str, Any]:
        level = self.level
        return {
            "loglevel": logging.getLevelNamesMapping()[level] if isinstance(level, str) else level,
            "logfile": self.logfile,
            "format": self.format,
            "colorize": self.colorize,
        }


def handlers(logfile: str | None) -> list[logging.Handler]:
    """Return the handlers for a log file, or else for stderr.

    A file that was moved or removed, as logrotate does, is opened anew under its name.

    Raises:
        OSError: The file cannot be written.
    """
    if logfile is None:
        return [logging.StreamHandler(sys.__stderr__)]
    Path(logfile).parent.mkdir(parents=True, exist_ok=True)
    return [WatchedFileHandler(logfile, encoding="utf-8")]


def set_up(level: str, found: list[logging.Handler], line: str | None = None) -> None:
    """Send log lines of at least a level to handlers.

    Args:
        level: The level, e.g. "INFO".
        found: The handlers.
        line: "json", or None for plain lines.
    """
    for handler in found:
        plain = TaskFormatter(colour=_is_terminal(handler))
        handler.setFormatter(JsonFormatter() if line == JSON else plain)
    root = logging.getLogger()
    root.handlers[:] = found
    root.setLevel(level)
    if root.level > logging.DEBUG:
        for name in _VERBOSE:
            logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def configure(
    conf: Any, found: list[logging.Handler], level: str | int, logfile: str | None
) -> None:
    """Apply the app's settings: formats, colours, handlers, and whether prints are logged.

    Receivers of `setup_logging` do it instead, as in Celery.

    Args:
        conf: The settings.
        found: The handlers of the worker.
        level: The level of log lines.
        logfile: The path of the log file, if there is one.
    """
    root = logging.getLogger()
    adopt_loggers()
    if signals.setup_logging.receivers:
        for handler in found:
            root.removeHandler(handler)
    setup = LoggingSetup(level, logfile, conf.worker_log_format, conf.worker_log_color)
    if setup.run_setup_receivers():
        # They may have disabled the loggers that there were.
        adopt_loggers()
        return
    for handler in found:
        handler.setFormatter(_formatter(conf, handler))
    if conf.worker_hijack_root_logger:
        # The app's module may have added its own while it was imported.
        root.handlers[:] = found
    elif len(root.handlers) > len(found):
        for handler in found:
            root.removeHandler(handler)
    setup.send_after_setup_logger(root)
    _set_up_task_logger(conf, found, level)
    setup.send_after_setup_task_logger(logger_for(TASK_LOGGER))
    if conf.worker_redirect_stdouts:
        level = conf.worker_redirect_stdouts_level
        number = (
            level if isinstance(level, int) else logging.getLevelNamesMapping()[str(level).upper()]
        )
        redirected = logger_for("taskhub.redirected").name
        sys.stdout = LogWriter(redirected, number)
        sys.stderr = LogWriter(redirected, number)


def _set_up_task_logger(conf: Any, found: list[logging.Handler], level: str | int) -> None:
    """Give the logger of tasks handlers of its own, for `after_setup_task_logger` to change."""
    logger = logger_for(TASK_LOGGER)
    logger.setLevel(level)
    if logger.handlers:
        # The program's own.
        return
    for handler in found:
        if isinstance(handler, WatchedFileHandler):
            own: logging.Handler = WatchedFileHandler(handler.baseFilename, encoding="utf-8")
        else:
            own = logging.StreamHandler(getattr(handler, "stream", sys.__stderr__))
        own.setFormatter(_formatter(conf, handler))
        logger.addHandler(own)
    logger.propagate = False


def _formatter(conf: Any, handler: logging.Handler) -> logging.Formatter:
    if conf.worker_log_format == JSON:
        return JsonFormatter()
    return TaskFormatter(
        conf.worker_log_format,
        conf.worker_task_log_format,
        conf.worker_log_datefmt,
        conf.worker_task_log_datefmt,
        colour=_is_terminal(handler) and conf.worker_log_color is not False,
    )


def _is_terminal(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    return stream is not None and stream.isatty() and not isinstance(handler, logging.FileHandler)


class LogWriter(io.TextIOBase):
    """A text file whose lines become log lines."""

    def __init__(self, name: str, level: int) -> None:
        self._logger = logging.getLogger(name)
        self._level = level
        self._local = threading.local()

    def write(self, text: str) -> int:
        # A handler that fails prints its error to stderr, which is this.
        if getattr(self._local, "writing", False):
            return 0
        self._local.writing = True
        try:
            # print() writes its arguments one by one.
            *lines, self._local.begun = (getattr(self._local, "begun", "") + text).split("\n")
            for line in lines:
                if line.strip():
                    self._logger.log(self._level, "%s", line)
        finally:
            self._local.writing = False
        return len(text)

    def flush(self) -> None:
        """Do nothing: an incomplete line is kept until its end is written."""

    def isatty(self) -> bool:
        return False
