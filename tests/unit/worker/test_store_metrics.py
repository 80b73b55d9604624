"""The memory of a store's server, as its INFO says."""

from __future__ import annotations

import pytest

from taskhub.worker.supervisor.store_metrics import Memory, memory_of


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"used_memory": "700\r", "maxmemory": "1000\r"}, Memory(700, 1000)),
        ({"used_memory": "700"}, Memory(700, 0)),
        # Its user may not ask.
        ({}, None),
        ({"used_memory": "much", "maxmemory": "0"}, None),
    ],
)
def test_memory(fields: dict[str, str], expected: Memory | None) -> None:
    assert memory_of(fields) == expected
