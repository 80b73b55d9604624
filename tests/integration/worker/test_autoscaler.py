"""The number of processes follows the backlog, or what is asked for."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import until


def test_processes_come_with_a_backlog_and_go_when_they_are_not_needed(
    stage: Stage, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTOSCALE_KEEPALIVE", "2")
    workers = stage.supervised("--autoscale", "3,1", processes=1, threads=2)
    tasks = [stage.send("wait_for_file", journal, tmp_path / "go") for _ in range(10)]
    until(lambda: len(workers.living) == 3, "processes to be added", 90)
    journal.wait_for(6)
    (tmp_path / "go").touch()
    for task in tasks:
        task.get(timeout=30)
    until(lambda: len(workers.living) == 1, "processes to end", 90)
    assert len(workers.pids) == 3
    assert "were requeued" not in workers.log


def test_commands_change_the_number_of_processes_and_nothing_is_lost(
    make_stage: Callable[..., Stage], journal: Journal, tmp_path: Path
) -> None:
    stage = make_stage(worker_pool_restarts=True)
    workers = stage.supervised(processes=1, threads=2)
    stage.app.control.pool_grow(2)
    until(lambda: len(workers.living) == 3, "the pool to grow", 90)
    tasks = [stage.send("wait_for_file", journal, tmp_path / "go") for _ in range(6)]
    journal.wait_for(6)
    stage.app.control.pool_shrink(2)
    # Each of three heard of it; it is done once. Those that are to go finish what they have.
    until(lambda: "1 process from now on, not 3" in workers.log, "the pool to shrink")
    (tmp_path / "go").touch()
    assert {task.get(timeout=20) for task in tasks} == set(workers.pids)
    until(lambda: len(workers.living) == 1, "processes to end", 90)
    (left,) = workers.living
    stage.app.control.pool_restart()
    until(lambda: left not in workers.living, "the process to be replaced", 90)
    stage.app.control.shutdown()
    assert workers.wait(30) == 0


def test_a_process_that_is_added_again_is_not_restarted(stage: Stage) -> None:
    workers = stage.supervised(processes=1, threads=1)

    def restarts() -> dict[int, tuple[int | None, str]]:
        infos = {info.process: info for info in stage.app.store.workers()}
        if not set(workers.living) <= set(infos):
            return {}
        return {pid: (infos[pid].restarts, infos[pid].restart_reason) for pid in workers.living}

    stage.app.control.pool_grow(1)
    until(lambda: len(workers.living) == 2, "the pool to grow", 90)
    stage.app.control.pool_shrink(1)
    until(lambda: len(workers.living) == 1, "the pool to shrink", 90)
    stage.app.control.pool_grow(1)
    until(lambda: len(workers.living) == 2, "the pool to grow again", 90)
    assert list(until(restarts, "worker infos").values()) == [(0, "")] * 2
    first, second = workers.living
    os.kill(second, signal.SIGKILL)
    until(lambda: len(workers.living) == 2 and second not in workers.living, "a restart", 90)
    found = until(restarts, "worker infos")
    assert found.pop(first) == (0, "")
    assert list(found.values()) == [(1, "was killed by SIGKILL (out of memory?)")]
