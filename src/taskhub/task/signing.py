"""What a task makes of calls that are not sent yet: signatures, maps and chunks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from taskhub.task.options import TaskOptions

if TYPE_CHECKING:
    from taskhub.canvas.signature import Signature

P = ParamSpec("P")
R = TypeVar("R")


class SignableTask(TaskOptions[P, R]):
    """A task whose calls can be kept and combined as values."""

    def signature(
        self, args: Sequence[Any] | None = None, *starargs: Any, **starkwargs: Any
    ) -> Signature:
        """Return the signature of a call, as Celery's."""
        from taskhub.canvas.signature import signature

        made: Signature = signature(self, args, *starargs, **starkwargs)
        return made

    subtask = signature

    def s(self, *args: Any, **kwargs: Any) -> Signature:
        """Return the signature of a call with these arguments."""
        from taskhub.canvas.signature import call_of

        return call_of(self, args, kwargs, immutable=False)

    def si(self, *args: Any, **kwargs: Any) -> Signature:
        """Return the immutable signature of a call: results of other tasks are not passed to it."""
        from taskhub.canvas.signature import call_of

        return call_of(self, args, kwargs, immutable=True)

    def chunks(self, it: Iterable[Any], n: int) -> Any:
        """Return calls for many arguments, `n` of them per call."""
        from taskhub.canvas import chunks

        return chunks(self.s(), it, n, app=self.app)

    def map(self, it: Iterable[Any]) -> Any:
        """Return one call that is `[task(x) for x in it]`."""
        from taskhub.canvas import xmap

        return xmap(self.s(), it, app=self.app)

    def starmap(self, it: Iterable[Any]) -> Any:
        """Return one call that is `[task(*x) for x in it]`."""
        from taskhub.canvas import xstarmap

        return xstarmap(self.s(), it, app=self.app)
