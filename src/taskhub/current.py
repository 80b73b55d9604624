"""The current app and the current task, as context variables."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskhub.execution.execution import task_of
from taskhub.execution.request import current_request

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: The app of this context, e.g. while its worker runs a task or inside `app.as_current()`.
_here: ContextVar[Celery | None] = ContextVar("taskhub_app", default=None)

#: The app made last (with `set_as_current`), for every context that has none of its own.
_latest: Celery | None = None
_default: Celery | None = None

#: Every app that is alive, in the order in which they were made: their tasks are shared.
_apps: weakref.WeakValueDictionary[int, Celery] = weakref.WeakValueDictionary()
_numbers = itertools.count()
#: Called with each app that is finalized.
_on_finalize: list[Callable[[Celery], object]] = []


def register_app(app: Celery) -> None:
    """Remember an app as alive."""
    _apps[next(_numbers)] = app


def deregister_app(app: Celery) -> None:
    """Forget an app: it was closed."""
    for number, one in list(_apps.items()):
        if one is app:
            _apps.pop(number, None)


def all_apps() -> list[Celery]:
    """Return every app that is alive, the oldest first."""
    return list(_apps.values())


def connect_on_finalize(callback: Callable[[Celery], object]) -> None:
    """Call a function with each app that is finalized from now on, before its tasks are bound."""
    _on_finalize.append(callback)


def announce_finalized(app: Celery) -> None:
    """Call the functions that are connected to the finalization of apps."""
    for callback in _on_finalize:
        callback(app)


def set_current_app(app: Celery) -> None:
    """Make an app the current one, in every context without one of its own."""
    global _latest
    _latest = app


def set_default_app(app: Celery | None) -> None:
    """Make an app the one that is used when there is no current one."""
    global _default
    _default = app


@contextmanager
def kept() -> Generator[None]:
    """Restore the current app, the default app and the known apps at the end of a block."""
    import dramatiq

    global _latest, _default
    before, broker = (_latest, _default, dict(_apps)), dramatiq.broker.global_broker
    here = _here.set(_here.get())
    try:
        yield
    finally:
        _latest, _default, apps = before
        _here.reset(here)
        for number in set(_apps) - set(apps):
            _apps.pop(number, None)
        _apps.update(apps)
        dramatiq.broker.global_broker = broker


def current_app() -> Celery:
    """Return the current app; one is made if there is none."""
    return _here.get() or _latest or default_app()


def default_app() -> Celery:
    """Return the app that is used when no other was made."""
    global _default
    if _default is None:
        # Named, not imported: the app's class is above all that asks for the current app.
        app_class = import_module("taskhub.app").Celery
        app: Celery = app_class("default", set_as_current=False)
        _default = app
    return _default


def app_or_default(app: Celery | None = None) -> Celery:
    """Return `app`, or else the current one."""
    return current_app() if app is None else app


def current_task() -> Any:
    """Return the innermost task that is running, None outside of tasks."""
    request = current_request()
    return task_of(request)


def current_worker_task() -> Any:
    """Return the innermost task that runs as a call, not as an ordinary function, or None."""
    request = current_request()
    while request is not None:
        if not request.called_directly:
            return task_of(request)
        request = request._previous
    return None
