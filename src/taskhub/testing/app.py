"""Apps for tests, and keeping tests from each other's apps (as `celery.contrib.testing.app`)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, cast

from taskhub.app import current
from taskhub.app.app import Celery
from taskhub.app.log import Logging

if TYPE_CHECKING:
    from taskhub.app.app import Celery as Application

#: The settings of an app for tests; all may be given otherwise.
DEFAULT_TEST_CONFIG: Mapping[str, Any] = {
    "accept_content": ("json",),
    "broker_url": "memory://",
    "enable_utc": True,
    "timezone": "UTC",
    "worker_hijack_root_logger": False,
    "worker_log_color": False,
}


class UnitLogging(Logging):
    """Leaves logging as it is: tests look at it by themselves."""

    def __init__(self, app: Application) -> None:
        super().__init__(app)
        self.already_setup = True


def TestApp(  # noqa: N802 - Celery's name
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    enable_logging: bool = False,
    set_as_current: bool = False,
    log: type[Logging] = UnitLogging,
    backend: str | None = None,
    broker: str | None = None,
    **kwargs: Any,
) -> Celery:
    """Return an app whose store is in memory, unless it is told otherwise.

    Parameters:
      name: its name.
      config: its settings.
      enable_logging: let `app.log.setup` set logging up.
      log: otherwise the class of `app.log`.
      set_as_current, backend, broker, kwargs: as of `Celery`.
    """
    # Its tasks are shared; every app for tests has them.
    from taskhub.testing import tasks as _  # noqa: F401

    settings = {**DEFAULT_TEST_CONFIG, **(config or {})}
    for given, setting in ((broker, "broker_url"), (backend, "result_backend")):
        if given is not None:
            settings.pop(setting, None)
    app = Celery(
        name or "taskhub.tests",
        set_as_current=set_as_current,
        broker=broker,
        backend=backend,
        **kwargs,
    )
    app.add_defaults(settings)
    if not enable_logging:
        app.log = log(app)
    return app


TestApp.__test__ = False  # type: ignore[attr-defined]


class Trap:
    """Stands where the current app would be, and raises whenever something is asked of it."""

    def __getattr__(self, name: str) -> Any:
        if name in ("_is_coroutine", "__func__"):
            # unittest.mock asks these of everything.
            return None
        self._sprung(name)

    @staticmethod
    def _sprung(name: str) -> NoReturn:
        raise RuntimeError(f"Test depends on current_app: it was asked for {name!r}")


@contextmanager
def set_trap(app: Any = None) -> Generator[None]:
    """Let every use of the current or the default app raise `RuntimeError`.

    Parameters:
      app: accepted as Celery's, without effect.
    """
    with current.kept():
        trap = cast("Application", Trap())
        current.set_current_app(trap)
        current.set_default_app(trap)
        yield


@contextmanager
def setup_default_app(app: Celery, use_trap: bool = False) -> Generator[None]:
    """Keep what a test does to the current and default app, and the tasks it shares, from the next test.

    Parameters:
      app: the test's; it is closed afterwards.
      use_trap: see `set_trap`.
    """
    with current.kept():
        try:
            if use_trap:
                with set_trap(app):
                    yield
            else:
                yield
        finally:
            app.close()
