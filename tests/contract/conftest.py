"""Every test here is run against every engine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rules import EngineRules
from tests.contract.stage import ENGINES, PARAMETERS, Clock, Servers


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


@pytest.fixture(params=PARAMETERS)
def engine(
    request: pytest.FixtureRequest, servers: Servers, clock: Clock, rules: EngineRules
) -> Iterator[Engine]:
    """An empty engine, in a namespace of its own."""
    own = replace(rules, namespace=uuid.uuid4().hex[:8])
    opened = ENGINES[request.param](servers, clock, own)
    yield opened
    opened.close()
    servers.flush()
