"""A signature: one call of a task as a value."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from taskhub.task import calling

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.result import AsyncResult, EagerResult


class Signature(dict[str, Any]):
    """A call: task, arguments and options. It is a dictionary with Celery's keys, so it can be sent as JSON.

    Arguments given when it is called go before its own, unless it is immutable.
    """

    _app: Celery | None = None
    _type: Any = None

    def __init__(
        self,
        task: Any = None,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        type: Any = None,
        subtask_type: str | None = None,
        immutable: bool = False,
        app: Celery | None = None,
        **extra: Any,
    ) -> None:
        self._app = app
        if isinstance(task, dict):
            super().__init__(task)
            return
        if isinstance(task, str) or task is None:
            name = task
            self._type = type
        else:
            name = task.name
            self._type = task
        super().__init__(
            task=name,
            args=tuple(args or ()),
            kwargs=dict(kwargs or {}),
            options={**(options or {}), **extra},
            subtask_type=subtask_type,
            immutable=immutable,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], app: Celery | None = None) -> Signature:
        """Return the signature that a dictionary holds."""
        return Signature(dict(data), app=app)

    # -- the parts

    @property
    def app(self) -> Celery:
        """The app whose tasks it calls."""
        from taskhub.app.current import current_app

        if self._app is not None:
            return self._app
        return self._type.app if self._type is not None else current_app()

    @property
    def type(self) -> Any:
        """The task object.

        Raises:
          NotRegistered: no such task is known here.
        """
        return self._type or self.app.tasks[self["task"]]

    @property
    def task(self) -> Any:
        """The name of the task."""
        return self["task"]

    @property
    def args(self) -> Any:
        """Its positional arguments."""
        return self["args"]

    @property
    def kwargs(self) -> Any:
        """Its keyword arguments."""
        return self["kwargs"]

    @property
    def options(self) -> dict[str, Any]:
        """Its call options."""
        options: dict[str, Any] = self["options"]
        return options

    @property
    def immutable(self) -> bool:
        """Whether results of other tasks are not passed to it."""
        return bool(self.get("immutable"))

    @property
    def id(self) -> str | None:
        """The id that its next call will have, if it was frozen."""
        task_id: str | None = self.options.get("task_id")
        return task_id

    @property
    def name(self) -> Any:
        """The name of the task."""
        return self["task"]

    # -- changing

    def set(self, immutable: bool | None = None, **options: Any) -> Signature:
        """Set options; returns itself."""
        if immutable is not None:
            self.set_immutable(immutable)
        self.options.update(options)
        return self

    def set_immutable(self, immutable: bool) -> None:
        """Make it pass on its own arguments only, or not."""
        self["immutable"] = immutable

    def clone(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Signature:
        """Return a copy with more arguments and options."""
        merged_args, merged_kwargs, merged_options = self.merged(args, kwargs, options)
        copy = type(self).from_dict(
            {**self, "args": merged_args, "kwargs": merged_kwargs, "options": merged_options},
            app=self._app,
        )
        copy._type = self._type
        return copy

    def merged(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]:
        """Return arguments and options of a call with more of them."""
        all_options = {**self.options, **(options or {})}
        if self.immutable:
            return tuple(self.args), dict(self.kwargs), all_options
        return (
            (*(args or ()), *self.args),
            {**self.kwargs, **(kwargs or {})},
            all_options,
        )

    def link(self, callback: Any) -> Any:
        """Call another signature with the result when this has succeeded; returns that signature."""
        return self._append("link", callback)

    def link_error(self, errback: Any) -> Any:
        """Call another signature when this has failed; returns that signature."""
        return self._append("link_error", errback)

    def on_error(self, errback: Any) -> Signature:
        """As `link_error`, but returns this signature."""
        self.link_error(errback)
        return self

    def _append(self, name: str, signature: Any) -> Any:
        linked = calling.as_list(self.options.get(name))
        if signature not in linked:
            linked.append(signature)
        self.options[name] = linked
        return signature

    # -- calling

    def freeze(self, _id: str | None = None, **options: Any) -> AsyncResult[Any]:
        """Give it the id of its next call; returns the result of that call."""
        task_id = _id or self.options.get("task_id") or str(uuid.uuid4())
        self.options["task_id"] = task_id
        for name, value in options.items():
            if value is not None:
                self.options[name] = value
        return self.app.AsyncResult(task_id)

    def delay(self, *args: Any, **kwargs: Any) -> AsyncResult[Any]:
        """Send a call with more arguments."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncResult[Any]:
        """Send a call with more arguments and options; see `Task.apply_async`."""
        call_args, call_kwargs, call_options = self.merged(args, kwargs, options)
        task = self._type or self.app.tasks.get(self["task"])
        if task is not None:
            result: AsyncResult[Any] = task.apply_async(call_args, call_kwargs, **call_options)
            return result
        return self.app.send_task(self["task"], call_args, call_kwargs, **call_options)

    def apply(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> EagerResult[Any]:
        """Run a call here and now; see `Task.apply`."""
        call_args, call_kwargs, call_options = self.merged(args, kwargs, options)
        result: EagerResult[Any] = self.type.apply(call_args, call_kwargs, **call_options)
        return result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task as an ordinary function."""
        call_args, call_kwargs, _ = self.merged(args, kwargs)
        return self.type(*call_args, **call_kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Signature:
        from copy import deepcopy

        copy = type(self).from_dict(deepcopy(dict(self), memo), app=self._app)
        copy._type = self._type
        return copy

    def __reduce__(self) -> Any:
        return Signature, (dict(self),)

    def __repr__(self) -> str:
        parts = [repr(argument) for argument in self.args]
        parts += [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return f"{self['task']}({', '.join(parts)})"


def signature(varies: Any, *args: Any, **kwargs: Any) -> Signature:
    """Return a signature: of a task or its name with arguments, or the one that a dictionary holds."""
    app = kwargs.get("app")
    if isinstance(varies, Signature):
        return varies.clone()
    if isinstance(varies, dict):
        return Signature.from_dict(varies, app=app)
    return Signature(varies, *args, **kwargs)


def maybe_signature(value: Any, app: Celery | None = None) -> Signature | None:
    """Return the signature that a value holds, None for None."""
    if value is None:
        return None
    if isinstance(value, Signature):
        if app is not None:
            value._app = app
        return value
    return Signature.from_dict(value, app=app)
