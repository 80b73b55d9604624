"""Logging setup (`app.log`)."""

from __future__ import annotations

import logging
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from celery.utils.log import ColorFormatter
from taskhub.execution.request import current_request
from taskhub.logs.loggers import TASK_LOGGER, adopt_loggers, logger_for
from taskhub.logs.setup import LoggingSetup

if TYPE_CHECKING:
    from taskhub import Celery

__all__ = ("Logging", "TaskFormatter")


class TaskFormatter(ColorFormatter):
    """Adds `task_name` and `task_id` to records, as in `worker_task_log_format`.

    Parameters are those of `ColorFormatter`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        request = current_request()
        fields = vars(record)
        fields.setdefault("task_id", (request and request.id) or "???")
        fields.setdefault("task_name", (request and request.task) or "???")
        return super().format(record)


class Logging:
    """Sets loggers up as the settings `worker_log_format` and `worker_task_log_format` say."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        #: Whether `setup` was called in this process.
        self.already_setup = False

    def setup(
        self,
        loglevel: int | str | None = None,
        logfile: str | None = None,
        redirect_stdouts: bool = False,
        redirect_level: str = "WARNING",
        colorize: bool | None = None,
        hostname: str | None = None,
    ) -> bool:
        """Set up logging, once; returns whether it was done now.

        Args:
            loglevel: A level or its name; by default WARNING.
            logfile: A file to append to; by default standard error.
            redirect_stdouts: Accepted as Celery's, without effect.
            redirect_level: Accepted as Celery's, without effect.
            colorize: Accepted as Celery's, without effect.
            hostname: Accepted as Celery's, without effect.
        """
        if self.already_setup:
            return False
        self.setup_logging_subsystem(loglevel, logfile)
        return True

    def setup_logging_subsystem(
        self,
        loglevel: int | str | None = None,
        logfile: str | None = None,
        format: str | None = None,
        colorize: bool | None = None,
        hostname: str | None = None,
        **options: Any,
    ) -> logging.Logger:
        """Give the root logger, and that of tasks, a handler each; returns the root logger.

        Receivers of `setup_logging` do it instead, if there are any.
        """
        self.already_setup = True
        root = logging.getLogger()
        text = format or self._app.conf.worker_log_format
        setup = LoggingSetup(_level(loglevel), logfile, text, colorize)
        if setup.run_setup_receivers():
            return root
        if self._app.conf.worker_hijack_root_logger:
            root.handlers.clear()
        if not root.handlers:
            root.addHandler(_handler(logfile, logging.Formatter(text)))
        root.setLevel(_level(loglevel))
        setup.send_after_setup_logger(root)
        self.setup_task_loggers(loglevel, logfile)
        return root

    def setup_task_loggers(
        self,
        loglevel: int | str | None = None,
        logfile: str | None = None,
        format: str | None = None,
        colorize: bool | None = None,
        propagate: bool = False,
        **options: Any,
    ) -> logging.Logger:
        """Give the logger of tasks a handler that knows the running task; returns that logger."""
        adopt_loggers()
        logger = logger_for(TASK_LOGGER)
        text = format or self._app.conf.worker_task_log_format
        if not logger.handlers:
            logger.addHandler(_handler(logfile, TaskFormatter(text, use_color=False)))
        logger.setLevel(_level(loglevel))
        logger.propagate = propagate
        LoggingSetup(_level(loglevel), logfile, text, colorize).send_after_setup_task_logger(logger)
        return logger

    def get_default_logger(self, name: str = "taskhub", **options: Any) -> logging.Logger:
        """Return taskhub's logger."""
        return logging.getLogger(name)


def _handler(logfile: str | None, formatter: logging.Formatter) -> logging.Handler:
    handler: logging.Handler = logging.StreamHandler()
    if logfile:
        handler = WatchedFileHandler(logfile, encoding="utf-8")
    handler.setFormatter(formatter)
    return handler


def _level(level: int | str | None) -> int:
    if level is None:
        return logging.WARNING
    if isinstance(level, str):
        return logging.getLevelNamesMapping()[level.upper()]
    return level


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
