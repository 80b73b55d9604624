"""The tasks of an app, by name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from taskhub.exceptions import InvalidTaskError, NotRegistered

if TYPE_CHECKING:
    from taskhub.task.task import Task


class TaskRegistry(dict[str, Any]):
    """Maps names to tasks; a name that is missing raises `NotRegistered`."""

    NotRegistered = NotRegistered

    def __missing__(self, name: str) -> Any:
        raise NotRegistered(name)

    def register(self, task: Task[Any, Any] | type[Task[Any, Any]]) -> None:
        """Add a task, or an instance of a task class.

        Raises:
            InvalidTaskError: It has no name.
        """
        instance = task() if inspect.isclass(task) else task
        if not instance.name:
            raise InvalidTaskError(
                f"Task class {type(instance).__name__!r} must specify .name attribute"
            )
        self[instance.name] = instance

    def unregister(self, name: Any) -> None:
        """Remove a task.

        Raises:
            NotRegistered: There is no such task.
        """
        try:
            self.pop(getattr(name, "name", name))
        except KeyError:
            raise NotRegistered(name) from None

    def regular(self) -> dict[str, Any]:
        """Return the tasks that are not periodic."""
        return {
            name: task for name, task in self.items() if getattr(task, "run_every", None) is None
        }

    def periodic(self) -> dict[str, Any]:
        """Return the tasks that are."""
        return {
            name: task
            for name, task in self.items()
            if getattr(task, "run_every", None) is not None
        }
