"""The log lines of worker processes."""

from __future__ import annotations

import io
import logging
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskhub import signals
from taskhub.signals.signal import raise_first
from taskhub.worker.log_lines import JSON, TASK_LOGGER, JsonFormatter, TaskFormatter

#: Libraries that tell too much at INFO: what they say is in our own lines.
_TALKATIVE = ("dramatiq", "asyncio", "urllib3")


@dataclass(frozen=True)
class Described:
    """How logging is set up, as Celery's signals about it tell."""

    level: str | int
    logfile: str | None
    format: str | None
    colorize: bool | None

    def set_up_by_receivers(self) -> bool:
        """Let receivers of `setup_logging` do it; returns whether there are any.

        Raises:
          Exception: what a receiver raises.
        """
        replies = signals.setup_logging.send(None, **self._named)
        raise_first(replies)
        return bool(replies)

    def tell_of_root(self, logger: logging.Logger) -> None:
        """The root logger is set up."""
        signals.after_setup_logger.send(None, logger=logger, **self._named)

    def tell_of_tasks(self, logger: logging.Logger) -> None:
        """The logger of tasks is set up."""
        signals.after_setup_task_logger.send(None, logger=logger, **self._named)

    @property
    def _named(self) -> dict[str, Any]:
        level = self.level
        return {
            "loglevel": logging.getLevelNamesMapping()[level] if isinstance(level, str) else level,
            "logfile": self.logfile,
            "format": self.format,
            "colorize": self.colorize,
        }


def handlers(logfile: str | None) -> list[logging.Handler]:
    """Return where log lines go: to a file, or else to stderr.

    Raises:
      OSError: the file cannot be written.
    """
    if logfile is None:
        return [logging.StreamHandler(sys.__stderr__)]
    Path(logfile).parent.mkdir(parents=True, exist_ok=True)
    return [logging.FileHandler(logfile, encoding="utf-8")]


def set_up(level: str, found: list[logging.Handler], line: str | None = None) -> None:
    """Send log lines of at least `level` to handlers, in a format that is "json", or for people."""
    for handler in found:
        plain = TaskFormatter(colour=_is_terminal(handler))
        handler.setFormatter(JsonFormatter() if line == JSON else plain)
    root = logging.getLogger()
    root.handlers[:] = found
    root.setLevel(level)
    if root.level > logging.DEBUG:
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def configure(
    conf: Any, found: list[logging.Handler], level: str | int, logfile: str | None
) -> None:
    """Apply the app's settings: formats, colours, whose handlers count, and whether prints are logged.

    Receivers of `setup_logging` do it instead, as in Celery.
    """
    root = logging.getLogger()
    if signals.setup_logging.receivers:
        for handler in found:
            root.removeHandler(handler)
    described = Described(level, logfile, conf.worker_log_format, conf.worker_log_color)
    if described.set_up_by_receivers():
        return
    for handler in found:
        if conf.worker_log_format == JSON:
            handler.setFormatter(JsonFormatter())
            continue
        plain = TaskFormatter(
            conf.worker_log_format,
            conf.worker_task_log_format,
            conf.worker_log_datefmt,
            conf.worker_task_log_datefmt,
            colour=_is_terminal(handler) and conf.worker_log_color is not False,
        )
        handler.setFormatter(plain)
    if conf.worker_hijack_root_logger:
        # The app's module may have added its own while it was imported.
        root.handlers[:] = found
    elif len(root.handlers) > len(found):
        for handler in found:
            root.removeHandler(handler)
    described.tell_of_root(root)
    described.tell_of_tasks(logging.getLogger(TASK_LOGGER))
    if conf.worker_redirect_stdouts:
        level = conf.worker_redirect_stdouts_level
        number = (
            level if isinstance(level, int) else logging.getLevelNamesMapping()[str(level).upper()]
        )
        sys.stdout = LogWriter("taskhub.redirected", number)
        sys.stderr = LogWriter("taskhub.redirected", number)


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
        """A line that has only begun stays until its end is written."""

    def isatty(self) -> bool:
        return False
