"""Tasks of no app in particular: each app gets its own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, TypeVar, cast, overload

from taskhub import current
from taskhub.app.proxy import Proxy

if TYPE_CHECKING:
    from taskhub.app.decorators import BoundTaskDecorator, CoroutineTask, TaskDecorator
    from taskhub.task.task import Task

P = ParamSpec("P")
R = TypeVar("R")

#: Functions and options, for the apps that are still to be finalized.
_declared: list[tuple[Callable[..., Any], Mapping[str, Any]]] = []


def declared() -> list[tuple[Callable[..., Any], Mapping[str, Any]]]:
    """Return what the shared tasks are made of."""
    return list(_declared)


@overload
def shared_task(function: Callable[P, Coroutine[Any, Any, R]], /) -> CoroutineTask[P, R]: ...
@overload
def shared_task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def shared_task(*, bind: Literal[True], **options: Any) -> BoundTaskDecorator: ...
@overload
def shared_task(*, bind: Literal[False] = False, **options: Any) -> TaskDecorator: ...
def shared_task(*args: Any, **options: Any) -> Any:
    """Declare a task for whichever app is current when it is used, as Celery's `shared_task`.

    What it returns stands for that app's task in every respect.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        if isinstance(function, Proxy):
            raise TypeError(
                "@shared_task was applied to a shared task; remove one of the two decorators"
            )
        _declared.append((function, options))
        for app in current.all_apps():
            if app.declarations.finalized:
                app.declarations.declare(function, options)

        def current_one() -> Any:
            app = current.current_app()
            name = options.get("name")
            return app.tasks[name or app.gen_task_name(function.__name__, function.__module__)]

        return cast("Task[Any, Any]", Proxy(current_one))

    if len(args) == 1 and callable(args[0]):
        return decorate(args[0])
    if args:
        raise TypeError("shared_task() takes a function, or keyword arguments")
    return decorate
