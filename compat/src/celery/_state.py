"""Which app and which task are current (as `celery._state`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from celery._unsupported import unsupported_getattr
from taskhub import current
from taskhub.app import app_or_default, current_app, current_task, default_app
from taskhub.result import task_join_will_block
from taskhub.result.join_guard import set_join_denied

__all__ = (
    "_set_task_join_will_block",
    "app_or_default",
    "connect_on_app_finalize",
    "current_app",
    "current_task",
    "default_app",
    "disable_trace",
    "enable_trace",
    "get_current_app",
    "get_current_task",
    "get_current_worker_task",
    "pop_current_task",
    "push_current_task",
    "set_default_app",
    "task_join_will_block",
)

get_current_app = _get_current_app = current.current_app
get_current_task = current.current_task
get_current_worker_task = current.current_worker_task
set_default_app = current.set_default_app
_set_current_app = current.set_current_app
_get_active_apps = current.all_apps
_register_app = current.register_app
_deregister_app = current.deregister_app


class _TaskStack:
    """The tasks that are running in this context, the innermost on top."""

    def push(self, task: Any) -> None:
        """Let a task count as running, with an empty request."""
        task.push_request()

    def pop(self) -> Any:
        """End what `push` began; returns the task."""
        task = current.current_task()
        if task is not None:
            task.pop_request()
        return task

    @property
    def top(self) -> Any:
        """The innermost task; None outside of tasks."""
        return current.current_task()

    @property
    def stack(self) -> list[Any]:
        """The innermost task, if there is one."""
        return [] if self.top is None else [self.top]


_task_stack = _TaskStack()
push_current_task = _task_stack.push
pop_current_task = _task_stack.pop


class _TLS:
    """The current app, as a thing that can be set: `_tls.current_app = app`."""

    @property
    def current_app(self) -> Any:
        """The current app."""
        return current.current_app()

    @current_app.setter
    def current_app(self, app: Any) -> None:
        current.set_current_app(app)


_tls = _TLS()


def connect_on_app_finalize(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Call a function with each app that is finalized from now on; returns it."""
    current.connect_on_finalize(callback)
    return callback


def enable_trace() -> None:
    """Do nothing: there is no trace of apps."""


def disable_trace() -> None:
    """Do nothing, see `enable_trace`."""


def _set_task_join_will_block(blocks: bool) -> None:
    """Let waiting for results raise in this context, or not."""
    set_join_denied(blocks)


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
