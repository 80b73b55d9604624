"""A store, and the app of the files of deployment."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Commands
from tests.deploy.services import SHOP
from tests.support.servers import Server, start_valkey


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_valkey(tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest.fixture
def runtime() -> Iterator[Path]:
    """An empty directory for `TMPDIR`, whose path is short enough for sockets in it."""
    with tempfile.TemporaryDirectory(prefix="th-") as directory:
        yield Path(directory)


@pytest.fixture
def commands(store: Server, tmp_path: Path, runtime: Path) -> Iterator[Commands]:
    """The commands, in a directory with the module `shop`, on an empty store."""
    (tmp_path / "shop.py").write_text(SHOP)
    # Health checks find the services of this test only.
    environment = {
        "TASKHUB_BROKER_URL": store.url,
        "TASKHUB_APP": "shop",
        "TMPDIR": str(runtime),
    }
    found = Commands(tmp_path, environment)
    yield found
    found.stop_all()
