"""What results need of an application."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from taskhub.engine.port import Engine
    from taskhub.result.backend import Backend


class Application(Protocol):
    """An application, as results see it."""

    @property
    def engine(self) -> Engine:
        """The store."""
        ...

    @property
    def backend(self) -> Backend:
        """The results in the store."""
        ...

    @property
    def conf(self) -> Any:
        """The settings, by attribute."""
        ...

    @property
    def control(self) -> Any:
        """Commands to workers."""
        ...


def app_or_current(app: Application | None) -> Application:
    """Return `app`, or else the current application."""
    if app is not None:
        return app
    from taskhub.app.current import current_app

    return current_app()
