"""From a function and options to a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from taskhub.task.task import Task


def task_name(main: str | None, name: str, module: str) -> str:
    """Return the name of a task that was given none: `module.function`, the app's name standing for `__main__`."""
    if module == "__main__" and main:
        module = main
    return ".".join(part for part in (module, name) if part)


def declare(app: Any, function: Callable[..., Any], options: Mapping[str, Any]) -> Task[Any, Any]:
    """Return a task that runs `function`; of no app in particular when `app` is None.

    Options are attributes of the task, and `name`, `base`, `bind`, `pydantic`, `pydantic_strict`, `pydantic_context`,
    `pydantic_dump_kwargs`.
    """
    attributes = dict(options)
    base = attributes.pop("base", None) or (app.Task if app is not None else Task)
    bound = attributes.pop("bind", False)
    attributes.pop("shared", None)
    attributes.pop("lazy", None)
    main = app.main if app is not None else None
    name = attributes.pop("name", None) or task_name(main, function.__name__, function.__module__)
    pydantic = {key: attributes.pop(key) for key in list(attributes) if key.startswith("pydantic")}
    body = function
    if pydantic.get("pydantic"):
        from taskhub.task.models import with_models

        body, dump = with_models(function, bound, pydantic)
        attributes["_dump_arguments"] = staticmethod(dump)
    for link in ("link", "link_error"):
        attributes.pop(link, None)
    task_class = type(
        function.__name__,
        (base,),
        {
            **attributes,
            "name": name,
            "run": body if bound else staticmethod(body),
            "abstract": False,
            "__doc__": function.__doc__,
            "__module__": function.__module__,
            "__qualname__": function.__qualname__,
            "__wrapped__": function if bound else staticmethod(function),
            "_declared_function": staticmethod(function),
            "_options": dict(options),
        },
    )
    task: Task[Any, Any] = task_class()
    task._app = app
    return task
