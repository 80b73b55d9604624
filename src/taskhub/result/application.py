"""The application that a result belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from taskhub.app.app import Celery as Application


def app_or_current(app: Application | None) -> Application:
    """Return `app`, or else the current application."""
    from taskhub.app.current import app_or_default

    return app_or_default(app)


def control_of(app: Application | None) -> Any:
    """Return what sends commands to an application's workers."""
    return cast("Any", app_or_current(app)).control
