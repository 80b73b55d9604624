"""Which app is meant when none is named."""

from __future__ import annotations

import weakref
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskhub.app.app import Celery

#: The app of this context, e.g. while its worker runs a task or inside `with app:`.
_here: ContextVar[Celery | None] = ContextVar("taskhub_app", default=None)

#: The app made last (with `set_as_current`), for every context that has none of its own.
_latest: Celery | None = None
_default: Celery | None = None

#: Every app that is alive: shared tasks belong to all of them.
_apps: weakref.WeakSet[Celery] = weakref.WeakSet()


def register_app(app: Celery) -> None:
    """Remember an app as alive."""
    _apps.add(app)


def all_apps() -> list[Celery]:
    """Return every app that is alive."""
    return list(_apps)


def set_current_app(app: Celery) -> None:
    """Make an app the current one, in every context without one of its own."""
    global _latest
    _latest = app


def set_default_app(app: Celery) -> None:
    """Make an app the one that is used when there is no current one."""
    global _default
    _default = app


def current_app() -> Celery:
    """Return the current app; one is made if there is none."""
    return _here.get() or _latest or default_app()


def default_app() -> Celery:
    """Return the app that is used when no other was made."""
    global _default
    if _default is None:
        from taskhub.app.app import Celery

        _default = Celery("default", set_as_current=False)
    return _default


def app_or_default(app: Celery | None = None) -> Celery:
    """Return `app`, or else the current one."""
    return current_app() if app is None else app
