"""Tasks of Django programs: calls that are sent when the transaction is committed."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import Any, ParamSpec, TypeVar

from taskhub.task.task import Task

P = ParamSpec("P")
R = TypeVar("R")


class DjangoTask(Task[P, R]):
    """A task that can be called at the end of the transaction that is open."""

    def delay_on_commit(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call `delay` when the open transaction is committed; without one, at once."""
        _on_commit(partial(self.delay, *args, **kwargs))

    def apply_async_on_commit(self, *args: Any, **kwargs: Any) -> None:
        """Call `apply_async` when the transaction is committed."""
        _on_commit(partial(self.apply_async, *args, **kwargs))


def _on_commit(call: partial[Any]) -> None:
    import_module("django.db.transaction").on_commit(call)
