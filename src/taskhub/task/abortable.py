"""Tasks that can be asked to stop, and look whether they were (as `celery.contrib.abortable`)."""

from __future__ import annotations

from typing import Any, ParamSpec, TypeVar

from taskhub.result import AsyncResult
from taskhub.task.task import Task

P = ParamSpec("P")
R = TypeVar("R")

#: The state of a task that was asked to stop.
ABORTED = "ABORTED"


class AbortableAsyncResult(AsyncResult[R]):
    """The result of an abortable task."""

    def is_aborted(self) -> bool:
        """Whether the task was asked to stop, and has not ended since."""
        return self.state == ABORTED

    def abort(self) -> Any:
        """Ask the task to stop; it does when it next looks, see `AbortableTask.is_aborted`.

        Raises:
          OperationalError: the store is out of reach.
        """
        return self.backend.store_result(self.id, None, ABORTED)


class AbortableTask(Task[P, R]):
    """The base of a task that looks now and then whether it was asked to stop:
    `@app.task(bind=True, base=AbortableTask)`.
    """

    abstract = True

    def AsyncResult(self, task_id: str, **kwargs: Any) -> AbortableAsyncResult[R]:  # noqa: N802
        """Return the result of a call of this task."""
        return AbortableAsyncResult(
            task_id, backend=self.backend, task_name=self.name, app=self.app, **kwargs
        )

    def is_aborted(self, *, task_id: str | None = None) -> bool:
        """Whether this call, or another one, was asked to stop. Each look reads from the store.

        Raises:
          OperationalError: the store is out of reach.
        """
        wanted = task_id or self.request.id
        return wanted is not None and self.AsyncResult(wanted).is_aborted()


__all__ = ("ABORTED", "AbortableAsyncResult", "AbortableTask")
