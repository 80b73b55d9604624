"""The fields of a result document."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from taskhub import states

if TYPE_CHECKING:
    from taskhub.result.base import Meta, ResultBase


class DocumentFields(ABC):
    """A task's result document by its fields, read again until the task has ended."""

    @abstractmethod
    def _get_task_meta(self) -> Meta:
        """Return the document as it is now."""

    @property
    def state(self) -> str:
        """One of `taskhub.states`, or one of the task's own; PENDING if nothing is stored."""
        return cast("str", self._get_task_meta()["status"])

    @property
    def status(self) -> str:
        """The same as `state`."""
        return self.state

    @property
    def result(self) -> Any:
        """What the task returned, the exception that it raised, or the value of a custom state."""
        return self._get_task_meta()["result"]

    @property
    def info(self) -> Any:
        """The same as `result`."""
        return self.result

    @property
    def traceback(self) -> str | None:
        """The traceback of a failure, as text."""
        return self._get_task_meta().get("traceback")

    @property
    def children(self) -> list[ResultBase] | None:
        """The results of what the task called; None while nothing is stored."""
        return self._get_task_meta().get("children")

    @property
    def date_done(self) -> datetime | None:
        """When the task ended."""
        done = self._get_task_meta().get("date_done")
        return datetime.fromisoformat(done) if isinstance(done, str) else done

    @property
    def name(self) -> str | None:
        """The task's name; stored with `result_extended`, as are the five below."""
        return self._get_task_meta().get("name")

    @property
    def args(self) -> Any:
        """The positional arguments of the call."""
        return self._get_task_meta().get("args")

    @property
    def kwargs(self) -> Any:
        """The keyword arguments of the call."""
        return self._get_task_meta().get("kwargs")

    @property
    def worker(self) -> str | None:
        """The worker that ran the task."""
        return self._get_task_meta().get("worker")

    @property
    def retries(self) -> int | None:
        """How often the task had been retried."""
        return self._get_task_meta().get("retries")

    @property
    def queue(self) -> str | None:
        """The queue that the task came from."""
        return self._get_task_meta().get("queue")

    def ready(self) -> bool:
        """Return whether the task has ended, well or not."""
        return self.state in states.READY_STATES

    def successful(self) -> bool:
        """Return whether the task returned."""
        return self.state == states.SUCCESS

    def failed(self) -> bool:
        """Return whether the task raised."""
        return self.state == states.FAILURE
