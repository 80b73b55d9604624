"""Fixtures under the names of Celery's (as `celery.contrib.pytest`)."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

from celery._unsupported import unsupported_getattr
from celery.contrib.testing.app import TestApp, setup_default_app
from celery.contrib.testing.worker import TestWorkController, start_worker
from taskhub import Celery

__all__ = (
    "celery_app",
    "celery_class_tasks",
    "celery_config",
    "celery_enable_logging",
    "celery_includes",
    "celery_parameters",
    "celery_session_app",
    "celery_session_worker",
    "celery_worker",
    "celery_worker_parameters",
    "celery_worker_pool",
    "depends_on_current_app",
    "pytest_configure",
    "use_celery_app_trap",
)

#: Set it to leave workers out: `celery_worker` is then None.
NO_WORKER = os.environ.get("NO_WORKER")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "celery(**overrides): override celery configuration for a test case"
    )


# -- to be redefined


@pytest.fixture(scope="session")
def use_celery_app_trap() -> bool:
    """Whether every use of the current app raises an error."""
    return False


@pytest.fixture(scope="session")
def celery_enable_logging() -> bool:
    """Whether the app sets logging up."""
    return False


@pytest.fixture(scope="session")
def celery_includes() -> Sequence[str]:
    """Modules to import before a worker starts."""
    return ()


@pytest.fixture(scope="session")
def celery_class_tasks() -> Sequence[Any]:
    """Tasks that are written as classes, to be registered before `celery_session_worker` starts."""
    return ()


@pytest.fixture(scope="session")
def celery_worker_pool() -> str:
    """The worker's pool; accepted, it is always threads."""
    return "solo"


@pytest.fixture(scope="session")
def celery_config() -> Mapping[str, Any]:
    """The settings of the app."""
    return {}


@pytest.fixture(scope="session")
def celery_parameters() -> Mapping[str, Any]:
    """What the app is made with, as parameters of `Celery`."""
    return {}


@pytest.fixture(scope="session")
def celery_worker_parameters() -> Mapping[str, Any]:
    """What the worker is started with, as parameters of `start_worker`."""
    return {}


# -- apps


@pytest.fixture(scope="session")
def celery_session_app(
    request: pytest.FixtureRequest,
    celery_config: Mapping[str, Any],
    celery_parameters: Mapping[str, Any],
    celery_enable_logging: bool,
    use_celery_app_trap: bool,
) -> Generator[Celery]:
    """An app for all tests; the current one."""
    settings = {**celery_config, **_marked(request)}
    with _app(settings, celery_parameters, celery_enable_logging, use_celery_app_trap) as app:
        if not use_celery_app_trap:
            app.set_default()
            app.set_current()
        yield app


@pytest.fixture
def celery_app(
    request: pytest.FixtureRequest,
    celery_config: Mapping[str, Any],
    celery_parameters: Mapping[str, Any],
    celery_enable_logging: bool,
    use_celery_app_trap: bool,
) -> Generator[Celery]:
    """An app of this test alone; the marker `celery` changes its settings."""
    settings = {**celery_config, **_marked(request)}
    with _app(settings, celery_parameters, celery_enable_logging, use_celery_app_trap) as app:
        yield app


@pytest.fixture
def depends_on_current_app(celery_app: Celery) -> None:
    """Makes `celery_app` the current one."""
    celery_app.set_current()


def _marked(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    mark = request.node.get_closest_marker("celery")
    return mark.kwargs if mark else {}


@contextmanager
def _app(
    settings: Mapping[str, Any], parameters: Mapping[str, Any], logging: bool, trap: bool
) -> Generator[Celery]:
    app = TestApp(set_as_current=False, enable_logging=logging, config=settings, **parameters)
    with setup_default_app(app, use_trap=trap):
        yield app


# -- workers


@pytest.fixture(scope="session")
def celery_session_worker(
    celery_session_app: Celery,
    celery_includes: Sequence[str],
    celery_class_tasks: Iterable[Any],
    celery_worker_pool: str,
    celery_worker_parameters: Mapping[str, Any],
) -> Generator[TestWorkController | None]:
    """A worker of `celery_session_app` in this process."""
    for task in celery_class_tasks:
        celery_session_app.register_task(task)
    with _worker(
        celery_session_app, celery_includes, celery_worker_pool, celery_worker_parameters
    ) as worker:
        yield worker


@pytest.fixture
def celery_worker(
    celery_app: Celery,
    celery_includes: Sequence[str],
    celery_worker_pool: str,
    celery_worker_parameters: Mapping[str, Any],
) -> Generator[TestWorkController | None]:
    """A worker of `celery_app` in this process."""
    with _worker(
        celery_app, celery_includes, celery_worker_pool, celery_worker_parameters
    ) as worker:
        yield worker


@contextmanager
def _worker(
    app: Celery, includes: Sequence[str], pool: str, parameters: Mapping[str, Any]
) -> Generator[TestWorkController | None]:
    if NO_WORKER:
        yield None
        return
    for module in includes:
        import_module(module)
    options: dict[str, Any] = {"pool": pool, **parameters}
    with start_worker(app, **options) as worker:
        yield worker


if not TYPE_CHECKING:
    __getattr__ = unsupported_getattr(__name__)
