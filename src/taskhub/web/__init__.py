"""Dashboard and JSON API over the tasks, queues, workers and schedules of an app.

from taskhub.web import Passwords, dashboard

host.mount("/tasks", dashboard(app, auth=Passwords("users.txt")))
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskhub.lazy_names import lazy_names

if TYPE_CHECKING:
    from taskhub.web.application import Dashboard, dashboard
    from taskhub.web.auth.methods import OpenID, Passwords, TrustedProxy
    from taskhub.web.auth.user import User

__all__ = ("Dashboard", "OpenID", "Passwords", "TrustedProxy", "User", "dashboard")

__getattr__ = lazy_names(
    __name__,
    {
        "Dashboard": ".application",
        "OpenID": ".auth.methods",
        "Passwords": ".auth.methods",
        "TrustedProxy": ".auth.methods",
        "User": ".auth.user",
        "dashboard": ".application",
    },
    extra="web",
)
