"""The parts of a signature by their names, beside the keys under which it keeps them."""

from __future__ import annotations

from typing import Any


class Parts(dict[str, Any]):
    """A call as a dictionary with Celery's keys; its parts are attributes, too."""

    @property
    def task(self) -> Any:
        """The name of the task."""
        return self["task"]

    @property
    def name(self) -> Any:
        """The name of the task."""
        return self["task"]

    @property
    def args(self) -> Any:
        """Its positional arguments."""
        return self["args"]

    @args.setter
    def args(self, args: Any) -> None:
        self["args"] = args

    @property
    def kwargs(self) -> Any:
        """Its keyword arguments."""
        return self["kwargs"]

    @kwargs.setter
    def kwargs(self, kwargs: Any) -> None:
        self["kwargs"] = kwargs

    @property
    def options(self) -> dict[str, Any]:
        """Its call options."""
        options: dict[str, Any] = self["options"]
        return options

    @options.setter
    def options(self, options: dict[str, Any]) -> None:
        self["options"] = options

    @property
    def subtask_type(self) -> str | None:
        """What kind of signature it is; None for the call of a task."""
        return self.get("subtask_type")

    @property
    def immutable(self) -> bool:
        """Whether results of other tasks are not passed to it."""
        return bool(self.get("immutable"))

    @immutable.setter
    def immutable(self, immutable: bool) -> None:
        self["immutable"] = immutable

    @property
    def id(self) -> str | None:
        """The id that its next call will have, if it was frozen."""
        return self.options.get("task_id")

    @property
    def root_id(self) -> str | None:
        """The id of the call that all of this belongs to, if it was frozen with one."""
        return self.options.get("root_id")

    @property
    def parent_id(self) -> str | None:
        """The id of the call before it, if it was frozen with one."""
        return self.options.get("parent_id")
