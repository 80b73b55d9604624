"""Maps of one task over many arguments: `map`, `starmap` and `chunks`."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from operator import index
from typing import TYPE_CHECKING, Any, ClassVar

from taskhub.canvas.group import group
from taskhub.canvas.lazy_list import LazyList, streamed, unread
from taskhub.canvas.signature import Signature, maybe_signature

if TYPE_CHECKING:
    from taskhub.app.app import Celery


class _Map(Signature):
    """Calls one task for many arguments, one after the other, in one call."""

    _task: ClassVar[str]
    _stars: ClassVar[str]

    def __init__(self, task: Any, it: Iterable[Any], **options: Any) -> None:
        app = options.pop("app", None)
        super().__init__(
            self._task,
            (),
            {"task": maybe_signature(task), "it": unread(it)},
            subtask_type=type(self).__name__,
            immutable=True,
            app=app,
            **options,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], app: Celery | None = None) -> _Map:
        return cls(data["kwargs"]["task"], data["kwargs"]["it"], app=app, **data["options"])

    def __repr__(self) -> str:
        task = self["kwargs"]["task"]
        return f"[{task['task']}({self._stars}x) for x in {self['kwargs']['it']!r:.100}]"


@Signature.register_type()
class xmap(_Map):
    """`[task(x) for x in it]` in one call."""

    _task = "celery.map"
    _stars = ""


@Signature.register_type()
class xstarmap(_Map):
    """`[task(*x) for x in it]` in one call."""

    _task = "celery.starmap"
    _stars = "*"


@Signature.register_type()
class chunks(Signature):
    """Calls one task for many arguments, `n` of them per call: a group of `xstarmap`."""

    def __init__(self, task: Any, it: Iterable[Any], n: int, **options: Any) -> None:
        app = options.pop("app", None)
        if index(n) < 1:
            raise ValueError(f"chunks of {n} arguments each: give 1 or more")
        super().__init__(
            "celery.chunks",
            (),
            {"task": maybe_signature(task), "it": unread(it), "n": n},
            subtask_type="chunks",
            immutable=True,
            app=app,
            **options,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], app: Celery | None = None) -> chunks:
        """Return the chunks that a dictionary holds."""
        kwargs = data["kwargs"]
        return cls(kwargs["task"], kwargs["it"], kwargs["n"], app=app, **data["options"])

    def group(self) -> group:
        """Return the group that it stands for."""
        kwargs = self["kwargs"]
        items = streamed(kwargs["it"])
        parts = iter(lambda: list(itertools.islice(items, kwargs["n"])), [])
        calls = (xstarmap(kwargs["task"], part, app=self._app) for part in parts)
        # What is made of a generator is read when it is sent.
        lazy = isinstance(kwargs["it"], LazyList) and not kwargs["it"].is_read
        return group(calls if lazy else list(calls), app=self._app)

    def apply_async(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Send the group."""
        return self.group().apply_async(args, kwargs, **{**self.options, **options})

    def apply(
        self,
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Run the group in this process."""
        return self.group().apply(args, kwargs, **{**self.options, **options})

    def __call__(self, **options: Any) -> Any:
        """Send it, as Celery does."""
        return self.apply_async(**options)

    @classmethod
    def apply_chunks(cls, task: Any, it: Iterable[Any], n: int, app: Celery | None = None) -> Any:
        """Send the chunks of arguments to a task."""
        return cls(task, it, n, app=app)()
