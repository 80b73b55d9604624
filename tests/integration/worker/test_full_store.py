"""A store that is full is no reason not to start: workers, also those that take over, make room in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import redis

from taskhub.exceptions import StoreRefused
from tests.integration.worker.conftest import Stage
from tests.support.servers import start_valkey
from tests.support.workers import until


def fill(stage: Stage, sent: list[Any]) -> None:
    """Send tasks until the store refuses one."""
    while len(sent) < 5000:
        sent.append(stage.send("add", 1, 2, headers={"pad": "x" * 2000}, ignore_result=True))


def test_workers_start_in_a_full_store_are_replaced_in_it_and_drain_it(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", client.info("memory")["used_memory"] + 2_000_000)
        stage = Stage(server.url, tmp_path)
        try:
            sent: list[Any] = []
            with pytest.raises(StoreRefused, match="out of memory"):
                fill(stage, sent)
            assert len(sent) > 200
            # Not by much: it is full for as long as the processes start.
            client.config_set("maxmemory", 1)
            workers = stage.supervised("--max-tasks-per-child", "100", processes=2, threads=2)
            until(
                lambda: sum(count.ready for count in stage.app.engine.queues().values()) == 0,
                f"{len(sent)} tasks to run",
            )
            until(lambda: len(workers.pids) > 2, "a process to take over")
            assert "the store is full" in workers.log
            assert "ACL SETUSER" not in workers.log
            client.config_set("maxmemory", 0)
            assert stage.send("add", 1, 2).get(timeout=20) == 3
        finally:
            stage.close()
