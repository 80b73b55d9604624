"""Tasks that check whether they are to stop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from celery._unsupported import unsupported_getattr
from taskhub.result import AsyncResult
from taskhub.task.task import Task

P = ParamSpec("P")
R = TypeVar("R")

#: The state of a task that is to stop.
ABORTED = "ABORTED"


class AbortableAsyncResult(AsyncResult[R]):
    """The result of an abortable task."""

    def is_aborted(self) -> bool:
        """Return whether the task is to stop and has not ended since."""
        return self.state == ABORTED

    def abort(self) -> Any:
        """Request the task to stop when it next calls `AbortableTask.is_aborted`.

        Raises:
            OperationalError: the store is out of reach.
        """
        return self.backend.store_result(self.id, None, ABORTED)


class AbortableTask(Task[P, R]):
    """The base of a task that checks whether it is to stop.

    `@app.task(bind=True, base=AbortableTask)` declares one.
    """

    abstract = True

    def AsyncResult(self, task_id: str, **kwargs: Any) -> AbortableAsyncResult[R]:
        """Return the result of a call of this task."""
        return AbortableAsyncResult(
            task_id, backend=self.backend, task_name=self.name, app=self.app, **kwargs
        )

    def is_aborted(self, *, task_id: str | None = None) -> bool:
        """Return whether this call, or another one, is to stop, as the store says now.

        Raises:
            OperationalError: the store is out of reach.
        """
        wanted = task_id or self.request.id
        return wanted is not None and self.AsyncResult(wanted).is_aborted()


__all__ = ("ABORTED", "AbortableAsyncResult", "AbortableTask")

if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
