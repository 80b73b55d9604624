"""Every test here is run against every engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from taskhub.engine.port import Engine
from taskhub.engine.rules import EngineRules
from tests.contract.stage import KINDS, Clock, Servers, open_engine


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers of this test process."""
    running = Servers(tmp_path_factory.mktemp("servers"))
    yield running
    running.close()


@pytest.fixture
def clock() -> Clock:
    """The engine's clock."""
    return Clock()


@pytest.fixture
def rules() -> EngineRules:
    """Limits low enough to be reached."""
    return EngineRules(max_deliveries=3)


@pytest.fixture(params=KINDS)
def engine(
    request: pytest.FixtureRequest, servers: Servers, clock: Clock, rules: EngineRules
) -> Iterator[Engine]:
    """An empty engine."""
    opened = open_engine(request.param, servers, clock, rules)
    yield opened
    opened.close()
