"""Mirrors of results: a second copy of each result, in a database for programs that use SQL.

Results are kept in the store, from where they are read and waited for. A mirror is written when a
task ends, just before its outcome is committed. A failure changes nothing for the task, and is
logged once until a row can be written again.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from taskhub import signals, states
from taskhub.exceptions import TaskRevokedError

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: Writes a row: the task, its request, a state, the value or exception, and the traceback's text.
Write = Callable[[Any, Any, str, Any, str | None], None]


def follow_outcomes(app: Celery, write: Write, name: str, *, starts: bool = False) -> None:
    """Call a function with the result of each task of an app in this process.

    Args:
        app: The app.
        write: Writes it; an exception is logged.
        name: The mirror's name in log lines; an app has one mirror of each name.
        starts: Whether to call it, too, when a task begins of which STARTED is stored.
    """
    mirror = _Mirror(app, write, name)
    receivers: list[tuple[signals.Signal, Callable[..., None]]] = [
        (signals.task_failure, mirror.failed),
        (signals.task_retry, mirror.retried),
        (signals.task_revoked, mirror.revoked),
        (signals.task_postrun, mirror.ended),
    ]
    if starts:
        receivers.append((signals.task_prerun, mirror.began))
    for signal, receiver in receivers:
        signal.connect(receiver, weak=False, dispatch_uid=f"taskhub.{name}.{id(app)}")


class _Mirror:
    """Receives the signals about an app's tasks.

    Args:
        app: The app.
        write: Writes a row.
        name: Its name in log lines.
    """

    def __init__(self, app: Celery, write: Write, name: str) -> None:
        self._app = app
        self._put = write
        self._name = name
        self._lock = threading.Lock()
        #: How many rows were not written since one was.
        self._missing = 0

    def began(self, sender: Any, task: Any = None, **_: Any) -> None:
        """A task is about to run."""
        if task is not None and task.track_started:
            meta = {"pid": os.getpid(), "hostname": task.request.hostname}
            self._write(task, task.request, states.STARTED, meta, None)

    def failed(self, sender: Any, exception: Any = None, einfo: Any = None, **_: Any) -> None:
        """A task has failed."""
        self._write(sender, sender.request, states.FAILURE, exception, str(einfo))

    def retried(
        self, sender: Any, request: Any = None, reason: Any = None, einfo: Any = None, **_: Any
    ) -> None:
        """A task asks to run again."""
        self._write(sender, request, states.RETRY, reason, str(einfo))

    def revoked(self, sender: Any, request: Any = None, **_: Any) -> None:
        """A task is not to run any more."""
        self._write(sender, request, states.REVOKED, TaskRevokedError("revoked"), None)

    def ended(
        self, sender: Any, task: Any = None, retval: Any = None, state: Any = None, **_: Any
    ) -> None:
        """A task has ended."""
        if state == states.SUCCESS:
            self._write(task, task.request, state, retval, None)

    def _write(
        self, task: Any, request: Any, state: str, value: Any, traceback: str | None
    ) -> None:
        if (
            task is None
            or task.app is not self._app
            or request.is_eager
            or task.result_policy.ignores(request)
        ):
            return
        try:
            self._put(task, request, state, value, traceback)
        except Exception as error:
            self._note_missing(request.id, error)
        else:
            if self._missing:
                self._note_written()

    def _note_missing(self, task_id: str, error: Exception) -> None:
        with self._lock:
            self._missing += 1
            is_first = self._missing == 1
        if is_first:
            logger.error(
                "the result of task %s was not written to %s; it is in the store, as are others "
                "until rows can be written again",
                *(task_id, self._name),
                exc_info=error,
            )

    def _note_written(self) -> None:
        with self._lock:
            missing, self._missing = self._missing, 0
        if missing:
            logger.warning("results are written to %s again; it lacks %d", self._name, missing)
