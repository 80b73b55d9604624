"""Record that a worker writes of a task that has ended; the history consists of them.

The store keeps records by the time at which tasks ended, by name and by state
(`engine/port/history.py`), as many and as long as the settings `history_limit` and
`history_expires` say. They do not depend on results: a task whose result is ignored, or has
expired, is part of the history.
"""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

from taskhub import states

__all__ = ("STATES", "HistoryRecord", "read_history_record")

#: The states that the history distinguishes.
STATES: Final = (states.SUCCESS, states.FAILURE, states.REVOKED)


# `json.dumps` would make one for each call.
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode


class HistoryRecord(NamedTuple):
    """What a worker knew of a task when it ended; None: unknown."""

    queue: str | None = None
    #: Band of the store: 0 to 9, 9 first.
    priority: int | None = None
    #: Excerpt of the arguments on one line, secrets hidden (`task_redact`).
    arguments: str = ""
    #: When it was sent, ms since the epoch by the sender's clock.
    sent_at: int | None = None
    #: When its code began to run the last time, ms since the epoch by the worker's clock; None: it
    #: was not run.
    started_at: int | None = None
    #: For how long it was ready before it began, seconds.
    waited: float | None = None
    #: For how long its code ran the last time, seconds.
    ran: float | None = None
    #: How often it was retried before.
    retries: int = 0
    #: How many retries it may have; None: unknown, or any number.
    max_retries: int | None = None
    #: How often its last message was given to a worker.
    deliveries: int = 1
    #: The node that ended it.
    worker: str | None = None
    #: Class and text (one line) of the exception that it failed with.
    error: str | None = None
    message: str | None = None
    #: The first task of what it is part of, unless that is itself.
    root_id: str | None = None
    parent_id: str | None = None
    group_id: str | None = None

    def encode(self) -> str:
        """Return the record as JSON text, without what is unknown."""
        pairs = zip(self._fields, self, strict=True)
        return _encode({name: value for name, value in pairs if value is not None})


_FIELDS: Final = frozenset(HistoryRecord._fields)


def read_history_record(text: str) -> HistoryRecord:
    """Return what `HistoryRecord.encode` wrote; an empty record if the text cannot be read."""
    try:
        values: Any = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        return HistoryRecord()
    # What a later version writes beside is not known here.
    return HistoryRecord(**{name: values[name] for name in _FIELDS & values.keys()})
