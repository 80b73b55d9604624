"""The tasks of an app, from their declaration until they are bound."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from taskhub import current
from taskhub.app import shared
from taskhub.app.registry import TaskRegistry
from taskhub.canvas.builtins import BUILTINS
from taskhub.exceptions import DuplicateTaskNameWarning
from taskhub.task.declaration import make_task

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.task.task import Task


class Declarations:
    """Keeps an app's tasks; they are bound at their first use, or when the app is finalized.

    Args:
        registry: Tasks to begin with.
    """

    def __init__(self, app: Celery, registry: Any = None) -> None:
        self._app = app
        self.registry = (
            registry if isinstance(registry, TaskRegistry) else TaskRegistry(registry or {})
        )
        #: Functions and options of the tasks that other apps get, too, when they are finalized.
        self.shared: list[tuple[Callable[..., Any], Mapping[str, Any]]] = []
        self.finalized = False
        self._lock = threading.RLock()

    def declare(
        self, function: Callable[..., Any], options: Mapping[str, Any], *, quietly: bool = False
    ) -> Task[Any, Any]:
        """Return the task that runs `function`, or the one that has its name already."""
        task = make_task(self._app, function, options)
        existing: Task[Any, Any] | None = self.registry.get(task.name)
        if existing is None:
            self._add(task)
            return task
        if not quietly and existing._declared_function is not function:
            self._warn(existing, task, "was not registered; calls reach the first one")
        return existing

    def decorate(self, args: tuple[Any, ...], options: Mapping[str, Any]) -> Any:
        """Return the task of `@app.task`, or the decorator of `@app.task(...)`.

        Raises:
            TypeError: The decorator is applied to something else than a function.
        """

        def decorate(function: Callable[..., Any]) -> Any:
            task = self.declare(function, options)
            if options.get("shared", True):
                self.shared.append((function, options))
            chosen = options.get("filter")
            return chosen(task) if chosen else task

        if not args:
            return decorate
        function, *more = args
        if more:
            given = len(args) + len(options)
            raise TypeError(f"@task() takes exactly 1 argument ({given} given)")
        if not callable(function):
            raise TypeError("argument 1 to @task() must be a callable")
        return decorate(function)

    def register(self, task: Any, options: Mapping[str, Any]) -> Any:
        """Add a task that was written as a class; it replaces one of the same name."""
        instance = task() if isinstance(task, type) else task
        if not instance.name:
            kind: type[Any] = type(instance)
            instance.name = self._app.gen_task_name(kind.__name__, kind.__module__)
        existing = self.registry.get(instance.name)
        if existing is not None and existing is not instance:
            self._warn(existing, instance, "replaced it")
        instance._app = self._app
        instance._options = options
        instance._is_bound = False
        self._add(instance)
        return instance

    def _add(self, task: Task[Any, Any]) -> None:
        with self._lock:
            self.registry[task.name] = task
            if self.finalized:
                self.bind(task)

    def bind(self, task: Task[Any, Any]) -> None:
        """Bind one task, if that was not done.

        Raises:
            RuntimeError: The app was made with `autofinalize=False` and is not finalized.
        """
        with self._lock:
            self._check_finalizes(auto=True)
            if not task._is_bound:
                task.bind_to(self._app)

    def finalize(self, auto: bool) -> None:
        """Add the tasks that other apps share, and bind all; later ones are bound at once."""
        with self._lock:
            if self.finalized:
                return
            self._check_finalizes(auto)
            self.finalized = True
            for function, options in BUILTINS:
                self.declare(function, options, quietly=True)
            for function, options in self._of_others():
                # An actor that the program has declared on this app's broker goes before.
                if make_task(self._app, function, options).name not in self._app.actors:
                    self.declare(function, options, quietly=True)
            current.announce_finalized(self._app)
            for task in list(self.registry.values()):
                self.bind(task)
        self._app.on_after_finalize.send(self._app)

    def _of_others(self) -> list[tuple[Callable[..., Any], Mapping[str, Any]]]:
        found = shared.declared()
        for app in current.all_apps():
            if app is not self._app:
                found += app.declarations.shared
        return found

    def _check_finalizes(self, auto: bool) -> None:
        if auto and not self.finalized and not self._app.autofinalize:
            raise RuntimeError(
                "Contract breach: app not finalized (it was made with autofinalize=False, so call "
                "app.finalize() before its tasks are used)"
            )

    @staticmethod
    def _warn(existing: Any, new: Any, what: str) -> None:
        warnings.warn(
            DuplicateTaskNameWarning(
                f"Two tasks are named {new.name!r}: {_place(existing)} and {_place(new)}. "
                f"The second {what}. Give one of them another name=."
            ),
            stacklevel=5,
        )


def _place(task: Any) -> str:
    function: Any = task._declared_function or type(task)
    return f"{function.__module__}.{function.__qualname__}"
