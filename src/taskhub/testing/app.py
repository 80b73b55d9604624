"""Apps for tests, isolated from each other."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from taskhub import current
from taskhub.app.app import Celery

#: The settings of an app for tests; all may be given otherwise.
DEFAULT_TEST_CONFIG: Mapping[str, Any] = {
    "accept_content": ("json",),
    "broker_url": "memory://",
    "enable_utc": True,
    "timezone": "UTC",
    "worker_hijack_root_logger": False,
    "worker_log_color": False,
}


def TestApp(  # noqa: N802 - as Celery's
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    set_as_current: bool = False,
    backend: str | None = None,
    broker: str | None = None,
    **kwargs: Any,
) -> Celery:
    """Return an app whose store is in memory, unless it is configured otherwise.

    Args:
        name: Its name.
        config: Its settings.
        set_as_current: As of `Celery`.
        backend: As of `Celery`.
        broker: As of `Celery`.
        kwargs: As of `Celery`.
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
    return app


TestApp.__test__ = False  # type: ignore[attr-defined]


@contextmanager
def isolated_app(app: Celery) -> Generator[None]:
    """Keep what a test does to the current and default app, and its shared tasks, from the next.

    Args:
        app: The test's app; it is closed afterwards.
    """
    with current.kept():
        try:
            yield
        finally:
            app.close()
