"""An application on a Valkey of the module's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhub.app.app import Celery
from tests.support.servers import Server, start_valkey


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the tests of a module."""
    with start_valkey(tmp_path_factory.mktemp("valkey")) as running:
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
