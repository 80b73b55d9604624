"""Tasks of no app in particular: each app gets its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from taskhub.app.current import all_apps

if TYPE_CHECKING:
    from typing import ParamSpec, TypeVar

    from taskhub.task.task import Task

    P = ParamSpec("P")
    R = TypeVar("R")

#: Makes a shared task for an app; kept for the apps that are still to come.
_constructors: list[Callable[[Any], Any]] = []


def constructors() -> list[Callable[[Any], Any]]:
    """Return what makes the shared tasks for an app."""
    return list(_constructors)


@overload
def shared_task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def shared_task(**options: Any) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def shared_task(*args: Any, **options: Any) -> Any:
    """Declare a task for whichever app is current when it is used, as Celery's `shared_task`."""
    from taskhub.task.declaration import declare

    def decorate(function: Callable[..., Any]) -> Any:
        def construct(app: Any) -> Any:
            return app.declare(function, options)

        _constructors.append(construct)
        for app in all_apps():
            construct(app)
        return declare(None, function, options)

    if len(args) == 1 and callable(args[0]):
        return decorate(args[0])
    if args:
        raise TypeError("shared_task() takes a function, or keyword arguments")
    return decorate
