"""The fields of a signature as attributes, beside the keys that it has in JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Self

from taskhub.call.values import as_list

#: Options that a signature keeps when it is called with others.
_KEPT = frozenset(("group_id", "stamped_headers"))


class SignatureFields(dict[str, Any]):
    """A call as a dictionary with Celery's keys, which are attributes, too."""

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

    def set(self, immutable: bool | None = None, **options: Any) -> Self:
        """Set options; returns itself."""
        if immutable is not None:
            self.set_immutable(immutable)
        self.options.update(options)
        return self

    def set_immutable(self, immutable: bool) -> None:
        """Make it pass on its own arguments only, or not."""
        self["immutable"] = immutable

    def extend_list_option(self, key: str, values: Any) -> None:
        """Add to an option that is a list."""
        self.options[key] = [
            *as_list(self.options.get(key)),
            *as_list(values),
        ]

    def merged(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        *,
        force: bool = False,
    ) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]:
        """Return arguments and options of a call with more of them."""
        merged_options = dict(self.options)
        if options:
            kept = {*_KEPT, *merged_options.get("stamped_headers", ())} & merged_options.keys()
            merged_options.update(
                (name, value) for name, value in options.items() if name not in kept
            )
        if self.immutable and not force:
            return tuple(self.args), self.kwargs, merged_options
        new_args = (*(args or ()), *self.args)
        return new_args, {**self.kwargs, **kwargs} if kwargs else self.kwargs, merged_options

    def reprcall(self, *args: Any, **kwargs: Any) -> str:
        """Return the call as it would be written in Python."""
        call_args, call_kwargs, _ = self.merged(args, kwargs, {}, force=True)
        parts = [repr(argument) for argument in call_args]
        parts += [f"{name}={value!r}" for name, value in call_kwargs.items()]
        return f"{self['task']}({', '.join(parts)})"

    def __json__(self) -> dict[str, Any]:
        return dict(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> dict[str, Any]:
        copy = dict(self)
        memo[id(self)] = copy
        copy["options"] = deepcopy(self.options, memo)
        return copy
