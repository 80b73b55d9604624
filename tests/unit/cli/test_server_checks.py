"""What `taskhub doctor` thinks of servers, by what they tell."""

from __future__ import annotations

import pytest

from taskhub.cli.checks.stores import database, eviction, persistence


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


SOUND = {
    "version": "15.4",
    "autovacuum": "on",
    "fsync": "on",
    "synchronous_commit": "on",
    "max_connections": "100",
    "connections": "80",
    "unfrozen_transactions": "200000000",
    "database_bytes": "8000000",
}


def test_a_sound_database_has_no_warning() -> None:
    assert [finding.level for finding in database("broker", SOUND)] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("fields", "level", "words"),
    [
        ({"autovacuum": "off"}, "fail", "autovacuum is off"),
        ({"fsync": "off"}, "warn", "fsync is off"),
        ({"synchronous_commit": "off"}, "warn", "synchronous_commit is off"),
        ({"connections": "81"}, "warn", "81 of 100 connections"),
        ({"unfrozen_transactions": "1000000001"}, "fail", "1,000,000,001 transactions"),
    ],
)
def test_findings_of_a_database(fields: dict[str, str], level: str, words: str) -> None:
    (found,) = [one for one in database("broker", SOUND | fields) if one.level != "ok"]
    assert found.level == level
    assert found.detail.startswith(words)
    assert found.advice
