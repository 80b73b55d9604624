"""Log formatters: plain lines, or objects of JSON; while a task runs, with its name and id.

The field `request_id` is the id of what a task was called for.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from taskhub import instrumentation
from taskhub.execution.request import current_request, current_request_id
from taskhub.logs.loggers import TRACE_LOGGER
from taskhub.request_id import NO_REQUEST_ID
from taskhub.serialization.safe_repr import shortened

#: Formats of lines, before the app's settings are known and as their defaults.
FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(message)s"
TASK_FORMAT = "[%(asctime)s: %(levelname)s/%(processName)s] %(task_name)s[%(task_id)s]: %(message)s"
#: The value of `worker_log_format` that asks for lines of JSON.
JSON = "json"

#: ANSI codes of the levels that are worth a colour.
_COLOURS = {logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "35"}
#: Attributes of every log record; all others were given to the logger as `extra`.
_USUAL = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "data"}
#: Fields that formats may name, and that are empty where nothing is traced.
_TRACE_FIELDS = {"trace_id": "", "span_id": ""}
#: Loggers whose lines name their task themselves.
_NAMED = frozenset((TRACE_LOGGER, "celery.app.trace"))


def coloured(text: str, level: int) -> str:
    """Return a text in the colour of a level; of most levels as it is."""
    code = _COLOURS.get(level)
    return f"\033[{code}m{text}\033[0m" if code else text


class _ShortFormatter(logging.Formatter):
    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        return shortened(super().formatException(ei))


class TaskFormatter(logging.Formatter):
    """Formats a line by itself, or, while a task runs, with the task's name and id.

    Args:
        line: The format, as the setting `worker_log_format`.
        task_line: That of lines while a task runs, as `worker_task_log_format`.
        date: The format of times; None: logging's own.
        task_date: That of lines while a task runs; None: as `date`.
        colour: Whether warnings and errors are coloured.
    """

    def __init__(
        self,
        line: str = FORMAT,
        task_line: str = TASK_FORMAT,
        date: str | None = None,
        task_date: str | None = None,
        colour: bool = False,
    ) -> None:
        super().__init__(line, date, defaults=_TRACE_FIELDS)
        self._task_formatter = _ShortFormatter(task_line, task_date or date, defaults=_TRACE_FIELDS)
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        request = current_request()
        record.__dict__.setdefault("request_id", current_request_id() or NO_REQUEST_ID)
        if instrumentation.active:
            record.__dict__.update(instrumentation.log_fields())
        if request is None or request.id is None or record.name in _NAMED:
            text = super().format(record)
        else:
            record.__dict__.setdefault("task_id", request.id)
            record.__dict__.setdefault("task_name", request.task)
            text = self._task_formatter.format(record)
        return coloured(text, record.levelno) if self._colour else text

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        """Return the text of an exception, without the middle of one that is very long."""
        return shortened(super().formatException(ei))


class JsonFormatter(logging.Formatter):
    """Formats a record as an object of JSON on one line.

    Its fields: `time` (ISO 8601, UTC), `level`, `logger`, `message`, `process` (name), `pid`; where
    a task runs, `task_id` and `task_name`; where it is traced, `trace_id` and `span_id`;
    `request_id`, if there is one; with an error `exception`, its traceback; and whatever the call
    gave as `extra`.
    """

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        fields: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.processName,
            "pid": record.process,
        }
        request = current_request()
        if request is not None and request.id is not None:
            fields |= {"task_id": request.id, "task_name": request.task}
        request_id = current_request_id()
        if request_id is not None:
            fields["request_id"] = request_id
        if instrumentation.active:
            fields |= instrumentation.log_fields()
        if record.exc_info:
            fields["exception"] = shortened(self.formatException(record.exc_info))
        if record.stack_info:
            fields["stack"] = self.formatStack(record.stack_info)
        extra = {name: value for name, value in vars(record).items() if name not in _USUAL}
        if extra.get("request_id") == NO_REQUEST_ID:
            # Of a formatter or filter for plain lines.
            del extra["request_id"]
        return json.dumps({**extra, **fields}, default=str, ensure_ascii=False)
