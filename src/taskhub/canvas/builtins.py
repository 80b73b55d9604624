"""Built-in tasks of canvases, under Celery's names; every app has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from taskhub.canvas.signature import maybe_signature
from taskhub.current import current_task


def accumulate(*args: Any, **kwargs: Any) -> Any:
    """Return the arguments, or the one that `index` names."""
    index = kwargs.get("index")
    return args[index] if index is not None else args


def map_over(task: Any, it: Iterable[Any]) -> list[Any]:
    """Call a task for each of some arguments."""
    called = _task_of(task)
    return [called(item) for item in it]


def starmap_over(task: Any, it: Iterable[Any]) -> list[Any]:
    """Call a task for each of some lists of arguments."""
    called = _task_of(task)
    return [called(*items) for items in it]


def _task_of(signature: Any) -> Any:
    """Return the task of a signature, in the app whose task runs here."""
    running = current_task()
    return maybe_signature(signature, app=None if running is None else running.app).type


def backend_cleanup() -> None:
    """Do nothing: the store forgets results by itself."""


#: Functions, and the options under which they are declared.
BUILTINS: tuple[tuple[Callable[..., Any], Mapping[str, Any]], ...] = (
    (accumulate, {"name": "celery.accumulate", "shared": False}),
    (map_over, {"name": "celery.map", "shared": False}),
    (starmap_over, {"name": "celery.starmap", "shared": False}),
    (backend_cleanup, {"name": "celery.backend_cleanup", "shared": False}),
)
