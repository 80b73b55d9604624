"""Stores of market data on every database that there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from taskhub.actors.quant import QuantSettings
from taskhub.actors.quant.storage.models import Base
from taskhub.actors.quant.storage.schema import upgrade
from taskhub.actors.quant.storage.store import MarketStore
from tests.support.databases import available_databases, fresh_database
from tests.support.environment import read
from tests.support.market.redirect import ADDRESS, redirect
from tests.support.market.site import MarketSite


@pytest.fixture(params=available_databases())
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QuantSettings]:
    """Settings of an empty database."""
    with fresh_database(request.param, tmp_path) as url:
        yield read(QuantSettings, {"TASKHUB_QUANT_DATABASE_URL": url})


@pytest.fixture(scope="module", params=available_databases())
def prepared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[MarketStore]:
    """A store whose tables are made, for the tests of a module."""
    with fresh_database(request.param, tmp_path_factory.mktemp("database")) as url:
        opened = MarketStore(read(QuantSettings, {"TASKHUB_QUANT_DATABASE_URL": url}))
        upgrade(opened.engine)
        yield opened
        opened.close()


@pytest.fixture
def store(prepared: MarketStore) -> MarketStore:
    """A store with empty tables."""
    with prepared.engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(table.delete())
    return prepared


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[MarketSite]:
    """The web site to which akshare's requests lead."""
    with MarketSite() as running:
        monkeypatch.setenv(ADDRESS, running.address)
        redirect()
        yield running
