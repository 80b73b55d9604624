"""An application on a Valkey of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhub.app.app import Celery
from tests.support.servers import Server, start_valkey


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server for one test."""
    with start_valkey(tmp_path) as running:
        yield running


@pytest.fixture
def app(server: Server, tmp_path: Path) -> Iterator[Celery]:
    """An application that waits for results."""
    application = Celery("waiting", broker=server.url, set_as_current=False)
    yield application
    application.engine.close()


@pytest.fixture
def worker(server: Server) -> Iterator[Celery]:
    """The same application, as another process has it: it ends tasks."""
    application = Celery("ending", broker=server.url, set_as_current=False)
    yield application
    application.engine.close()
