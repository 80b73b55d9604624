"""Dashboard and JSON API over the tasks, queues, workers and schedules of an app.

from taskhub.web import Passwords, dashboard

host.mount("/tasks", dashboard(app, auth=Passwords("users.txt")))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from taskhub.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from taskhub.web.application import Dashboard, dashboard
    from taskhub.web.auth.methods import OpenID, Passwords, TrustedProxy
    from taskhub.web.auth.user import User

__all__ = ("Dashboard", "OpenID", "Passwords", "TrustedProxy", "User", "dashboard")

_PLACES = {
    "Dashboard": "application",
    "OpenID": "auth.methods",
    "Passwords": "auth.methods",
    "TrustedProxy": "auth.methods",
    "User": "auth.user",
    "dashboard": "application",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f"{__name__}.{_PLACES[name]}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("taskhub"):
            raise
        raise ImproperlyConfigured(
            f"taskhub.web.{name} needs {error.name}: install the extra taskhub-core[web]"
        ) from error
    return getattr(module, name)
