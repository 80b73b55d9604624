"""One cluster of six nodes for all of these tests that a process runs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.factory import make_engine as engine_of
from taskhub.engine.port.engine import Engine
from taskhub.engine.port.rules import EngineRules
from taskhub.engine.port.stores import EngineStores
from tests.support.cluster import Cluster

MakeEngine = Callable[..., Engine]


@pytest.fixture(scope="session")
def running_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with Cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def cluster(running_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster, without keys; at the end all nodes run and are in agreement."""
    yield running_cluster
    running_cluster.heal()
    running_cluster.flush()


@pytest.fixture
def namespace() -> str:
    """A namespace that no other test has."""
    return uuid.uuid4().hex[:8]


@pytest.fixture
def make_engine(cluster: Cluster, namespace: str) -> Iterator[MakeEngine]:
    """Makes engines on the cluster, which are closed at the end."""
    engines = []

    def make(url: str | None = None, **options: Any) -> Engine:
        parsed = parse_store_url(cluster.url if url is None else url)
        rules = EngineRules(namespace=namespace)
        stores = EngineStores(broker=parsed, results=parsed, rules=rules, broker_options=options)
        engines.append(engine_of(stores))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()
