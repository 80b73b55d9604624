"""Binding of a task to its app: options from the configuration, and the actor of its broker."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import dramatiq

from taskhub.call.values import as_list
from taskhub.config.source import load_object
from taskhub.exceptions import ImproperlyConfigured, QueueNotFound
from taskhub.execution.interruption import CONTROL_FLOW, OnEventLoop
from taskhub.execution.message_request import Request
from taskhub.execution.result_policy import ResultPolicy
from taskhub.execution.runnable import HANDLERS, RunnableTask
from taskhub.execution.time_limits import TimeLimits, seconds
from taskhub.task.argument_check import argument_check
from taskhub.task.base import TaskBase
from taskhub.task.option_check import check_task
from taskhub.task.options import CALL_OPTIONS, FROM_CONFIGURATION
from taskhub.task.retry import add_autoretry_behaviour

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.task.task import Task


def bind(task: Task[Any, Any], app: Celery) -> None:
    """Make a task an actor of an app's broker; the configuration fills in its options."""
    task._app = app
    task._is_bound = True
    for attribute, setting in FROM_CONFIGURATION.items():
        if _own(task, attribute) is None:
            setattr(task, attribute, app.conf[setting])
    for which in ("acks_on_failure", "acks_on_timeout"):
        if getattr(task, which) is None:
            setattr(task, which, task.acks_on_failure_or_timeout is not False)
    if task.typing is None:
        task.typing = app.strict_typing
    _annotate(task, app.conf.task_annotations)
    check_task(task)
    task.time_limit, task.soft_time_limit = seconds(task.time_limit), seconds(task.soft_time_limit)
    task.declared_limits = TimeLimits(task.time_limit, task.soft_time_limit)
    task.overridden = frozenset(
        name
        for name in HANDLERS
        if name in vars(task) or getattr(type(task), name) is not getattr(RunnableTask, name)
    )
    task.request_class = _request_class(task.Request)
    task._decorator_links = {
        name: as_list(task._options[name])
        for name in ("link", "link_error")
        if task._options.get(name)
    }
    task.acknowledges_early = _was_set_to_false(task, "acks_late", app)
    task.result_policy = ResultPolicy(
        ignore_result=bool(task.ignore_result),
        store_errors_even_if_ignored=bool(task.store_errors_even_if_ignored),
        ttl=app.result_ttl,
        failure_ttl=app.failure_ttl,
        extended=bool(app.conf.result_extended),
        max_size=app.conf.result_max_size or 0,
    )
    declared = task._declared_function
    if task.typing and declared is not None:
        task._check_arguments = argument_check(declared, bound=task._options.get("bind", False))
    add_autoretry_behaviour(task, **task._options)
    _become_actor(task, app, task.run)
    type(task).on_bound(app)


def _request_class(named: Any) -> Any:
    """Return the class of a task's requests if it is one of its own.

    Raises:
        ImportError: the path leads nowhere.
    """
    if named == TaskBase.Request:
        return None
    found = load_object(named) if isinstance(named, str) else named
    return None if found is Request else found


def _queue(task: Task[Any, Any], app: Celery) -> str:
    """Return the queue of a task's calls, as far as it does not depend on their arguments."""
    try:
        return app.calls.queue(task._call_defaults, task.name, (), {}, task)
    except (ImproperlyConfigured, QueueNotFound):
        raise
    except Exception:
        # A router of the program's that looks at arguments; each call asks it again.
        name: str = app.conf.task_default_queue
        return name


def _own(task: Task[Any, Any], attribute: str) -> Any:
    """Return what a task or its class sets, None if that is left to the configuration."""
    value = vars(task).get(attribute)
    return getattr(type(task), attribute) if value is None else value


def _annotate(task: Task[Any, Any], setting: Any) -> None:
    for name, value in annotations_for(task, setting):
        if name.startswith("@"):
            # Instead of a value, a decorator of the method of that name.
            name, value = name[1:], value(getattr(type(task), name[1:]))
        # On the class, so that functions become methods.
        setattr(type(task), name, value)
        vars(task).pop(name, None)


def _was_set_to_false(task: Task[Any, Any], attribute: str, app: Celery) -> bool:
    return getattr(task, attribute) is False and (
        getattr(type(task), attribute) is False or app.conf.value_set_for(f"task_{attribute}")
    )


def _become_actor(task: Task[Any, Any], app: Celery, run: Callable[..., Any]) -> None:
    call_defaults = {name: getattr(task, name, None) for name in CALL_OPTIONS}
    task._call_defaults = {
        name: value for name, value in call_defaults.items() if value is not None
    }
    throws = task.throws if isinstance(task.throws, tuple) else (task.throws,)
    broker = app.broker
    broker.actors.pop(task.name, None)
    priority = task.priority
    dramatiq.Actor.__init__(
        task,
        run,
        broker=broker,
        actor_name=task.name,
        queue_name=_queue(task, app),
        priority=0,
        options={"throws": (*throws, *CONTROL_FLOW)},
    )
    if inspect.iscoroutinefunction(run):
        # Dramatiq's own way to its event loop cannot raise an exception in the coroutine.
        task.fn = OnEventLoop(run)
    # Dramatiq keeps its own priority under this name; ours orders the whole queue in the store
    # instead.
    task.priority = priority


def annotations_for(task: Any, setting: Any) -> Iterator[tuple[str, Any]]:
    """Yield the attributes that the setting `task_annotations` gives to a task.

    As in Celery, the first entry that knows the task's name counts, and then the first for all of
    them ("*").

    Args:
        task: The task.
        setting: A mapping from names to attributes, an object with `annotate(task)` or
            `annotate_any()`, the path of a class of such objects, or a list of these.
    """
    entries = [_entry(one) for one in setting] if isinstance(setting, list | tuple) else []
    if setting and not entries:
        entries = [_entry(setting)]
    for method, arguments in (("annotate", (task,)), ("annotate_any", ())):
        for entry in entries:
            found = getattr(entry, method, _nothing)(*arguments)
            if found is not None:
                yield from dict(found).items()
                break


class _Table:
    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table

    def annotate(self, task: Any) -> Any:
        return self._table.get(task.name)

    def annotate_any(self) -> Any:
        return self._table.get("*")


def _entry(entry: Any) -> Any:
    if isinstance(entry, Mapping):
        return _Table(entry)
    if isinstance(entry, str):
        module, _, name = entry.replace(":", ".").rpartition(".")
        return getattr(import_module(module), name)()
    return entry


def _nothing(*_: Any) -> None:
    """Stands for a method that an annotation object lacks."""
