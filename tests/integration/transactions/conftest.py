"""Databases of every kind that is reachable; one of each for all tests, which find the outbox empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy

from taskhub.app.app import Celery
from tests.integration.transactions.stage import application, empty, open_database
from tests.support.databases import available_databases, fresh_database


@pytest.fixture(scope="session", params=available_databases())
def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of a database."""
    with fresh_database(request.param, tmp_path_factory.mktemp("database")) as url:
        yield url


@pytest.fixture
def sql(database: str) -> Iterator[sqlalchemy.Engine]:
    """The database with an empty outbox."""
    engine = open_database(database)
    empty(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def app(database: str) -> Iterator[Celery]:
    """An app in memory with its outbox in the database."""
    made = application(database)
    yield made
    made.close()
