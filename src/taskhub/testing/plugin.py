"""Fixtures: `pytest_plugins = ("taskhub.testing.plugin",)` in `conftest.py`."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

import pytest

from taskhub.app.app import Celery
from taskhub.testing.app import TestApp, isolated_app
from taskhub.testing.store import eager
from taskhub.testing.worker import InProcessWorker, start_worker


@pytest.fixture(scope="session")
def taskhub_settings() -> Mapping[str, Any]:
    """The settings of `taskhub_app`; redefine it."""
    return {}


@pytest.fixture
def taskhub_app(taskhub_settings: Mapping[str, Any]) -> Generator[Celery]:
    """An app of this test alone, on a store in memory; the current one."""
    app = TestApp(config=taskhub_settings)
    with isolated_app(app):
        app.set_current()
        app.set_default()
        yield app


@pytest.fixture
def taskhub_worker(taskhub_app: Celery) -> Generator[InProcessWorker]:
    """A worker of `taskhub_app` in this process."""
    with start_worker(taskhub_app) as worker:
        yield worker


@pytest.fixture
def taskhub_eager_app(taskhub_app: Celery) -> Generator[Celery]:
    """`taskhub_app`, whose calls run here and now, and raise what their tasks raise."""
    with eager(taskhub_app):
        yield taskhub_app
