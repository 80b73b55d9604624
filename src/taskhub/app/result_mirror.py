"""Mirrors of results: a second copy of each result, in a database for programs that use SQL.

Results are kept in the store, from where they are read and waited for. A mirror is written when a
task ends, just before its outcome is committed; a failure is logged, and changes nothing for the
task.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from taskhub import signals, states

if TYPE_CHECKING:
    from taskhub.app.app import Celery

logger = logging.getLogger(__name__)

#: Writes a row: the task, its request, a state, the value or exception, and the traceback's text.
Write = Callable[[Any, Any, str, Any, str | None], None]


def follow_outcomes(app: Celery, write: Write, name: str) -> None:
    """Call a function with the result of each task of an app in this process.

    Args:
        app: The app.
        write: Writes it; an exception is logged.
        name: The mirror's name in log lines; an app has one mirror of each name.
    """

    def write_result(
        task: Any, request: Any, state: str, value: Any, traceback: str | None
    ) -> None:
        if (
            task is None
            or task.app is not app
            or request.is_eager
            or task.result_policy.ignores(request)
        ):
            return
        try:
            write(task, request, state, value, traceback)
        except Exception:
            logger.exception("the result of task %s was not written to %s", request.id, name)

    def failed(sender: Any, exception: Any = None, einfo: Any = None, **_: Any) -> None:
        write_result(sender, sender.request, states.FAILURE, exception, str(einfo))

    def retried(
        sender: Any, request: Any = None, reason: Any = None, einfo: Any = None, **_: Any
    ) -> None:
        write_result(sender, request, states.RETRY, reason, str(einfo))

    def revoked(sender: Any, request: Any = None, **_: Any) -> None:
        from taskhub.exceptions import TaskRevokedError

        write_result(sender, request, states.REVOKED, TaskRevokedError("revoked"), None)

    def ended(
        sender: Any, task: Any = None, retval: Any = None, state: Any = None, **_: Any
    ) -> None:
        if state == states.SUCCESS:
            write_result(task, task.request, state, retval, None)

    for signal, receiver in (
        (signals.task_failure, failed),
        (signals.task_retry, retried),
        (signals.task_revoked, revoked),
        (signals.task_postrun, ended),
    ):
        signal.connect(receiver, weak=False, dispatch_uid=f"taskhub.{name}.{id(app)}")
