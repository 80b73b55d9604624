"""A Valkey of the module's own; tests leave it empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from tests.support.servers import Server, start_valkey


@pytest.fixture(scope="module")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for the tests of a module."""
    with start_valkey(tmp_path_factory.mktemp("valkey")) as running:
        yield running


@pytest.fixture
def store_url(shared_server: Server) -> Iterator[str]:
    """The URL of an empty store; what a test leaves in it goes with the test."""
    yield shared_server.url
    with redis.Redis.from_url(shared_server.url) as client:
        client.flushall()
