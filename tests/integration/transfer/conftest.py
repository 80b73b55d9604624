"""Stores of both kinds, each in a namespace of its own that the test finds empty."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.stage import Servers


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers of these tests."""
    running = Servers(tmp_path_factory.mktemp("servers"))
    yield running
    running.close()
