"""Declaration of a task: from a function and options to a task of an app."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from taskhub.task.option_check import warn_of_misspelt
from taskhub.task.task import Task

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: Options of the decorator that are no attributes of the task.
_OF_THE_DECORATOR = ("name", "base", "bind", "shared", "lazy", "filter", "link", "link_error")


def task_name(main: str | None, name: str, module: str | None) -> str:
    """Return the default name of a task: `module.function`, the app's name for `__main__`."""
    module = module or "__main__"
    if module in sys.modules:
        module = sys.modules[module].__name__
    if module in ("__main__", "__mp_main__") and main:
        module = main
    return ".".join(part for part in (module, name) if part)


def make_task(
    app: Celery, function: Callable[..., Any], options: Mapping[str, Any]
) -> Task[Any, Any]:
    """Return a task of an app that runs `function`.

    Options are attributes of the task, and `name`, `base`, `bind`, `link`, `link_error`,
    `pydantic`, `pydantic_strict`, `pydantic_context`, `pydantic_dump_kwargs`.
    """
    name = options.get("name") or app.gen_task_name(function.__name__, function.__module__)
    warn_of_misspelt(name, options.get("base") or app.Task, options, stacklevel=6)
    bound = bool(options.get("bind"))
    attributes = {
        key: value
        for key, value in options.items()
        if key not in _OF_THE_DECORATOR and not key.startswith("pydantic")
    }
    body = function
    if options.get("pydantic"):
        from taskhub.task.models import Models

        models = Models(
            function,
            bound=bound,
            strict=options.get("pydantic_strict", False),
            context={
                **(options.get("pydantic_context") or {}),
                "celery_app": app,
                "celery_task_name": name,
            },
            dump_options=options.get("pydantic_dump_kwargs"),
        )
        body = models.around()
        attributes["_dump_arguments"] = staticmethod(models.dump_arguments)
    task_class = type(
        function.__name__,
        (options.get("base") or app.Task,),
        {
            "__doc__": function.__doc__,
            "__module__": function.__module__,
            "__annotations__": dict(getattr(function, "__annotations__", {})),
            "__wrapped__": body if bound else staticmethod(body),
            **attributes,
            "name": name,
            "run": body if bound else staticmethod(body),
            "_app": app,
            "_declared_function": staticmethod(function),
            "_options": dict(options),
        },
    )
    task: Task[Any, Any] = task_class()
    task.__qualname__ = function.__qualname__  # type: ignore[attr-defined]
    return task
