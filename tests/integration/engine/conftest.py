"""A server of its own for each test that ends, stops or fills it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskhub.config.urls import parse_store_url
from taskhub.engine.redis.engine import RedisEngine
from tests.support.servers import Server, available_servers, start_server, start_valkey

MakeEngine = Callable[..., RedisEngine]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that has on disk what it has confirmed."""
    running = start_valkey(tmp_path, args=("--appendfsync", "always"))
    yield running
    running.resume()
    running.kill()


@pytest.fixture(params=available_servers())
def any_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A server of each kind."""
    with start_server(request.param, tmp_path, args=("--appendonly", "no")) as running:
        yield running


@pytest.fixture
def make_engine() -> Iterator[MakeEngine]:
    """Makes engines, which are closed at the end."""
    engines = []

    def make(url: str, **options: Any) -> RedisEngine:
        engine = RedisEngine(parse_store_url(url), **options)
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        engine.close()
