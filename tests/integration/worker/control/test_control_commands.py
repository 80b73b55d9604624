"""Queues and processes of workers are changed while they work, and workers are shut down."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from tests.integration.worker.conftest import Journal, Stage
from tests.integration.worker.control.replies import PATIENT, only
from tests.support.workers import until


def test_queues_are_added_and_cancelled_also_for_processes_that_come_later(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.supervised(processes=2, threads=1)
    control = stage.app.control

    def queues() -> list[str]:
        return [queue["name"] for queue in only(control.inspect(timeout=PATIENT).active_queues())]

    assert queues() == ["default"]
    (reply,) = control.add_consumer("new", reply=True, timeout=PATIENT)
    assert only(reply) == {"ok": "add consumer new"}
    (reply,) = control.cancel_consumer("default", reply=True, timeout=PATIENT)
    assert only(reply) == {"ok": "no longer consuming from default"}
    (reply,) = control.cancel_consumer("default", reply=True, timeout=PATIENT)
    assert "not served here; those that are: new" in only(reply)["error"]
    assert queues() == ["new"]
    stage.send("mark", journal, "new", queue="new").get(timeout=60)
    waiting = stage.send("mark", journal, "default")

    os.kill(workers.pids[0], signal.SIGKILL)
    until(lambda: len(workers.pids) == 3, "another process", 90.0)
    until(lambda: len(stage.app.engine.worker_infos()) == 2, "its worker_info")
    assert queues() == ["new"]

    control.add_consumer("default", reply=True, timeout=PATIENT)
    waiting.get(timeout=60)
    assert queues() == ["default", "new"]


def test_purging_counts_over_all_queues_of_the_app(stage: Stage, journal: Journal) -> None:
    stage.app.conf.task_queues = ["default", "other"]
    stage.send("mark", journal, "a")
    stage.send("mark", journal, "b", queue="other")
    stage.send("mark", journal, "c", countdown=100)

    assert stage.app.control.purge() == 3
    assert stage.app.control.discard_all() == 0


def test_processes_are_added_and_taken_away(stage: Stage) -> None:
    stage.supervised(processes=2, threads=1)
    control = stage.app.control

    def processes() -> int:
        return len(only(control.inspect(timeout=PATIENT).stats())["pool"]["processes"])

    (reply,) = control.pool_grow(1, reply=True, timeout=PATIENT)
    assert only(reply) == {"ok": "pool will grow"}
    until(lambda: processes() == 3, "another process", 90.0)
    (reply,) = control.pool_shrink(2, reply=True, timeout=PATIENT)
    assert only(reply) == {"ok": "pool will shrink"}
    until(lambda: processes() == 1, "two processes less", 90.0)
    (reply,) = control.pool_restart(reply=True, timeout=PATIENT)
    assert only(reply) == {"error": "ValueError('Pool restarts not enabled')"}
    (reply,) = control.autoscale(4, 1, reply=True, timeout=PATIENT)
    assert only(reply) == {"error": "ValueError('Autoscale not enabled')"}


def test_a_restart_replaces_every_process(make_stage: Any) -> None:
    stage: Stage = make_stage(worker_pool_restarts=True)
    workers = stage.supervised(processes=2, threads=1)
    before = set(workers.pids)
    (reply,) = stage.app.control.pool_restart(reply=True, timeout=PATIENT)

    assert only(reply) == {"ok": "reload started"}
    until(lambda: len(workers.living) == 2 and before.isdisjoint(workers.living), "new ones", 60.0)


@pytest.mark.parametrize("kind", ["taskhub", "dramatiq"])
def test_workers_are_shut_down_and_finish_what_runs(
    stage: Stage, journal: Journal, kind: str
) -> None:
    start = stage.supervised if kind == "taskhub" else stage.workers
    workers = start(processes=2, threads=1)
    results = [stage.send("work", journal, 1.0) for _ in range(2)]
    journal.wait_for(2)

    (reply,) = stage.app.control.shutdown(reply=True, timeout=PATIENT)

    assert only(reply) == {"ok": "shutting down"}
    assert workers.wait(30.0) == 0
    assert [result.state for result in results] == ["SUCCESS", "SUCCESS"]
    assert stage.app.engine.workers() == {}


def test_processes_of_dramatiq_are_not_changed(stage: Stage) -> None:
    stage.workers(processes=1, threads=1)

    (reply,) = stage.app.control.pool_grow(1, reply=True, timeout=PATIENT)

    assert "only `taskhub worker` can change its processes" in only(reply)["error"]
