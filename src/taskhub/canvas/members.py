"""What chains and groups have in common: a list of signatures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from taskhub.canvas.lazy import listed
from taskhub.canvas.signature import Signature

if TYPE_CHECKING:
    from taskhub.app.app import Celery


class WithTasks(Signature):
    """A signature that consists of others, under the key `tasks`."""

    @property
    def tasks(self) -> list[Any]:
        """The steps of a chain, the members of a group."""
        tasks: list[Any] = self["kwargs"]["tasks"]
        return tasks

    @tasks.setter
    def tasks(self, tasks: Iterable[Any]) -> None:
        self["kwargs"]["tasks"] = listed(tasks)

    @property
    def app(self) -> Celery:
        if self._app is not None:
            return self._app
        for task in self.tasks[:1]:
            return task.app  # type: ignore[no-any-return]
        return super().app
