"""Real servers, one of each kind for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import Server, available_servers, start_server

PASSWORD = "p@ss/w:rd"
USER_PASSWORD = "us;r"


@pytest.fixture(scope="module", params=available_servers())
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """An open server of each kind that is installed."""
    with start_server(request.param, tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module", params=available_servers())
def locked_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One with a password, and with users who may do much and little."""
    users = (
        *("--user", *f"worker on >{USER_PASSWORD} ~* &* +@all".split()),
        *("--user", *f"restricted on >{USER_PASSWORD} ~* &* +ping +get +select".split()),
        *("--user", *["open", "on", "nopass", "~*", "&*", "+@all"]),
    )
    args = ("--requirepass", PASSWORD, *users)
    with start_server(request.param, tmp_path_factory.mktemp("locked"), args=args) as running:
        yield running


@pytest.fixture
def silent_socket(tmp_path: Path) -> Iterator[int]:
    """A port that takes connections and never answers."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]
