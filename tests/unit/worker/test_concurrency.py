"""How many processes and threads a worker has, by its options and the app's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taskhub.worker.supervisor import concurrency as concurrency
from taskhub.worker.supervisor import cpu_count as machine
from taskhub.worker.supervisor.concurrency import (
    Concurrency,
    ConcurrencyOptions,
    decide_concurrency,
    parse_concurrency,
    pool_named,
)


@pytest.fixture(autouse=True)
def six_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concurrency, "available_cpus", lambda: 6)
    monkeypatch.setattr(concurrency, "cpu_budget", lambda: 3)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, Concurrency(2, 8)),
        ({"as_celery": True}, Concurrency(6, 1)),
        ({"concurrency": 4}, Concurrency(4, 1)),
        ({"concurrency": 4, "as_celery": True}, Concurrency(4, 1)),
        ({"concurrency": "auto"}, Concurrency(3, 1)),
        ({"concurrency": 3, "threads": 5}, Concurrency(3, 5)),
        ({"processes": 3, "threads": 5}, Concurrency(3, 5)),
        ({"processes": 3}, Concurrency(3, 8)),
        ({"processes": 3, "as_celery": True}, Concurrency(3, 8)),
        ({"threads": 5, "as_celery": True}, Concurrency(2, 5)),
        ({"processes": 2, "concurrency": 7}, Concurrency(2, 4)),
        ({"pool": "prefork"}, Concurrency(6, 1)),
        ({"pool": "processes", "concurrency": 4}, Concurrency(4, 1)),
        ({"pool": "prefork", "concurrency": 4, "threads": 2}, Concurrency(4, 2)),
        ({"pool": "threads", "concurrency": 20}, Concurrency(1, 20)),
        ({"pool": "threads", "concurrency": "auto"}, Concurrency(1, 6)),
        ({"pool": "threads", "processes": 2, "threads": 3}, Concurrency(2, 3)),
        ({"pool": "gevent", "concurrency": 1000}, Concurrency(1, 1000)),
        ({"pool": "eventlet"}, Concurrency(1, 6)),
        ({"pool": "solo", "concurrency": 4, "threads": 4}, Concurrency(1, 1)),
        ({"most": 10, "least": 3}, Concurrency(3, 1, True)),
        ({"most": 10, "least": 3, "concurrency": 5}, Concurrency(5, 1, True)),
        ({"most": 10, "least": 3, "concurrency": 50, "threads": 4}, Concurrency(10, 4, True)),
        ({"most": 10, "least": 3, "pool": "threads"}, Concurrency(1, 10)),
        ({"most": 10, "least": 3, "pool": "solo"}, Concurrency(1, 1)),
    ],
)
def test_options(asked: dict[str, Any], expected: Concurrency) -> None:
    assert decide_concurrency(ConcurrencyOptions(**asked)) == expected


@pytest.mark.parametrize(
    ("asked", "settings", "expected"),
    [
        ({}, {"concurrency": 1}, Concurrency(1, 1)),
        ({}, {"concurrency": "4"}, Concurrency(4, 1)),
        ({}, {"concurrency": 0}, Concurrency(2, 8)),
        ({}, {"concurrency": ""}, Concurrency(2, 8)),
        ({}, {"concurrency": "auto"}, Concurrency(3, 1)),
        ({"as_celery": True}, {"concurrency": 1}, Concurrency(1, 1)),
        ({"as_celery": True}, {"concurrency": 0}, Concurrency(6, 1)),
        ({"concurrency": 2}, {"concurrency": 5}, Concurrency(2, 1)),
        ({"processes": 2}, {"concurrency": 5}, Concurrency(2, 3)),
        ({"threads": 4}, {"concurrency": 5}, Concurrency(2, 4)),
        ({}, {"pool": "prefork"}, Concurrency(6, 1)),
        ({}, {"pool": "threads"}, Concurrency(1, 6)),
        ({}, {"pool": "threads", "concurrency": 4}, Concurrency(1, 4)),
        ({"concurrency": 3}, {"pool": "threads", "concurrency": 4}, Concurrency(1, 3)),
        ({"pool": "prefork", "concurrency": 3}, {"pool": "solo"}, Concurrency(1, 1)),
        ({"pool": "threads", "concurrency": 3}, {"pool": "solo"}, Concurrency(1, 3)),
        ({"most": 10, "least": 3}, {"concurrency": 5}, Concurrency(3, 1, True)),
        ({"most": 10, "least": 3}, {"pool": "threads"}, Concurrency(1, 10)),
    ],
)
def test_settings_count_where_an_option_is_not_given(
    asked: dict[str, Any], settings: dict[str, Any], expected: Concurrency
) -> None:
    assert decide_concurrency(ConcurrencyOptions(**asked), **settings) == expected


def test_what_is_no_number_of_tasks() -> None:
    assert parse_concurrency(None) is None
    for wrong in ("many", "-1", -1, [2]):
        with pytest.raises(ValueError, match="is no number of tasks at a time"):
            parse_concurrency(wrong)


@pytest.mark.parametrize(
    ("asked", "processes"),
    [
        ({"concurrency": 4}, 4),
        ({"processes": 2, "threads": 4}, 2),
        ({"pool": "threads", "concurrency": 4}, 1),
        ({"pool": "prefork"}, 1),
        ({"as_celery": True}, 1),
        ({"most": 5, "least": 2}, 2),
        ({}, 1),
    ],
)
def test_what_starts_before_the_settings_are_known(asked: dict[str, Any], processes: int) -> None:
    assert ConcurrencyOptions(**asked).initial_processes == processes


@pytest.mark.parametrize(
    ("name", "pool"),
    [
        ("solo", "solo"),
        ("celery.concurrency.thread:TaskPool", "threads"),
        ("celery.concurrency.prefork.TaskPool", "prefork"),
        ("celery.concurrency.gevent:TaskPool", "gevent"),
        ("somebody.elses:Pool", "prefork"),
    ],
)
def test_names_of_pools(name: str, pool: str) -> None:
    assert pool_named(name) == pool


def test_the_quota_of_control_groups(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    mount = tmp_path / "mount"
    (mount / "a/b").mkdir(parents=True)
    own.write_text("0::/a/b\n")
    assert machine.cpu_quota(mount, own) is None
    (mount / "a/b/cpu.max").write_text("max 100000\n")
    (mount / "a/cpu.max").write_text("250000 100000\n")
    assert machine.cpu_quota(mount, own) == 2.5
    (mount / "cpu.max").write_text("50000 100000\n")
    assert machine.cpu_quota(mount, own) == 0.5

    own.write_text("5:cpu,cpuacct:/c\n")
    (mount / "cpu/c").mkdir(parents=True)
    (mount / "cpu/c/cpu.cfs_period_us").write_text("100000\n")
    (mount / "cpu/c/cpu.cfs_quota_us").write_text("-1\n")
    assert machine.cpu_quota(mount, own) is None
    (mount / "cpu/c/cpu.cfs_quota_us").write_text("300000\n")
    assert machine.cpu_quota(mount, own) == 3.0
    assert machine.cpu_quota(mount, tmp_path / "none") == 0.5
    assert 1 <= machine.cpu_budget() <= machine.available_cpus()
