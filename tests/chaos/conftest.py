"""The servers that scenarios are examined on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.stage import Servers


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers of one module: its tests change users and rights there."""
    running = Servers(tmp_path_factory.mktemp("servers"))
    yield running
    running.close()
