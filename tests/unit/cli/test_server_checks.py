"""What `taskhub doctor` thinks of servers, by what they tell."""

from __future__ import annotations

import pytest

from taskhub.cli.checks.stores import eviction, persistence


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"aof_enabled": "1", "aof_last_write_status": "ok"}, "ok"),
        ({"aof_enabled": "1", "aof_last_write_status": "err"}, "fail"),
        ({"aof_enabled": "0"}, "warn"),
    ],
)
def test_persistence(fields: dict[str, str], level: str) -> None:
    assert persistence("broker", fields).level == level


@pytest.mark.parametrize(
    ("fields", "level"),
    [
        ({"maxmemory_policy": "noeviction"}, "ok"),
        ({"maxmemory_policy": "allkeys-lru", "maxmemory": "0"}, "fail"),
        ({}, "ok"),
    ],
)
def test_eviction(fields: dict[str, str], level: str) -> None:
    assert eviction("broker", fields).level == level
