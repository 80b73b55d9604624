"""pytest plugin: an app, a worker and recorded calls as fixtures, and the mark `taskhub`.

pytest finds it by an entry point. It imports nothing of a worker before a fixture is used.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from taskhub.app.app import Celery
    from taskhub.testing.calls import RecordedCalls
    from taskhub.testing.worker import InProcessWorker

#: The setting of pytest that names the program's app.
_OPTION = "taskhub_app"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the setting `taskhub_app`."""
    parser.addini(
        _OPTION, "module:attribute of the app that the fixture taskhub_app gives tests", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers", "taskhub(**settings): settings of the fixture taskhub_app for a test"
    )


# -- to be redefined


@pytest.fixture(scope="session")
def taskhub_settings() -> Mapping[str, Any]:
    """Settings of `taskhub_app`; redefine it."""
    return {}


@pytest.fixture(scope="session")
def taskhub_program(pytestconfig: pytest.Config) -> Celery | None:
    """The app of the program: of pytest's setting `taskhub_app`; redefine it for an app otherwise.

    None: the program has none, and each test gets an app of its own.
    """
    named = str(pytestconfig.getini(_OPTION))
    return _find_app(named) if named else None


# -- to be used


@pytest.fixture
def taskhub_app(
    request: pytest.FixtureRequest,
    taskhub_settings: Mapping[str, Any],
    taskhub_program: Celery | None,
) -> Generator[Celery]:
    """The app of a test, on an empty store in memory; the current one.

    It is that of the program, or one of this test alone.
    """
    settings = {**taskhub_settings, **_marked(request)}
    made = _own_app(settings) if taskhub_program is None else _lent_app(taskhub_program, settings)
    with made as app:
        app.set_current()
        app.set_default()
        yield app


@pytest.fixture
def taskhub_worker(taskhub_app: Celery) -> Generator[InProcessWorker]:
    """A worker of `taskhub_app` in this process, with `worker_concurrency` threads or one."""
    from taskhub.testing.worker import start_worker

    with start_worker(taskhub_app, taskhub_app.conf.worker_concurrency or 1) as worker:
        yield worker


@pytest.fixture
def taskhub_eager_app(taskhub_app: Celery) -> Generator[Celery]:
    """`taskhub_app`, whose calls run here and now, and raise what their tasks raise."""
    from taskhub.testing.store import eager

    with eager(taskhub_app):
        yield taskhub_app


@pytest.fixture
def taskhub_calls(taskhub_app: Celery) -> Generator[RecordedCalls]:
    """The calls that a test has sent so far."""
    from taskhub.testing.calls import record_calls

    with record_calls() as calls:
        yield calls


# -- apps


@contextmanager
def _own_app(settings: Mapping[str, Any]) -> Generator[Celery]:
    from taskhub.testing.app import TestApp, isolated_app

    app = TestApp(config=settings)
    with isolated_app(app):
        yield app


@contextmanager
def _lent_app(app: Celery, settings: Mapping[str, Any]) -> Generator[Celery]:
    """Give a test the program's app with other settings, and on a store of its own."""
    from taskhub import current
    from taskhub.testing.store import private_store

    before = {name: app.conf[name] for name in settings}
    _change_settings(app, settings)
    try:
        with current.kept(), private_store(app):
            yield app
    finally:
        _change_settings(app, before)


def _change_settings(app: Celery, settings: Mapping[str, Any]) -> None:
    if settings:
        app.conf.update(settings)
        # It keeps what it has made of the settings before.
        vars(app).pop("calls", None)


def _find_app(name: str) -> Celery:
    from taskhub.app.app import Celery

    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        _refuse(f"{_OPTION} = {name}: write module:attribute")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        _refuse(
            f"{_OPTION} = {name}: there is no module {error.name!r}; pytest's setting pythonpath "
            "says where modules are"
        )
    app = getattr(module, attribute, None)
    if not isinstance(app, Celery):
        _refuse(f"{_OPTION} = {name}: that is no app, but {app!r:.100}")
    return app


def _marked(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """Return the settings of a test's marks; those of the closest count."""
    from taskhub.config.settings import SETTINGS, nearest

    found: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers("taskhub"))):
        if mark.args:
            _refuse(
                "@pytest.mark.taskhub takes settings by name, as task_default_queue='mail', not "
                f"{mark.args[0]!r:.100}"
            )
        for name in mark.kwargs:
            if name not in SETTINGS:
                near = nearest(name)
                hint = f": did you mean {near}?" if near else ""
                _refuse(f"@pytest.mark.taskhub: there is no setting {name!r}{hint}")
        found |= mark.kwargs
    return found


def _refuse(problem: str) -> NoReturn:
    """Fail the test with one line, without the traceback of a fixture."""
    pytest.fail(problem, pytrace=False)
