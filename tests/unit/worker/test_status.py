"""What the state of a worker means to those that look after containers."""

from __future__ import annotations

import json
from dataclasses import replace

from taskhub.worker.supervisor.status import LATE_AFTER, ProcessStatus, WorkerStatus

WELL = WorkerStatus("celery@h", 1, 2, False, (ProcessStatus(2, True), ProcessStatus(3, True)))


def with_processes(*processes: ProcessStatus) -> WorkerStatus:
    return replace(WELL, processes=processes)


def test_a_worker_with_a_process_that_reaches_the_store_is_ready() -> None:
    assert WELL.unreadiness is None
    unreachable = ProcessStatus(3, True, reachable=False)
    assert with_processes(ProcessStatus(2, True), unreachable).unreadiness is None
    assert with_processes(ProcessStatus(2, True), ProcessStatus(3, False)).unreadiness is None


def test_one_that_stops_starts_or_cannot_reach_the_store_is_not() -> None:
    assert replace(WELL, stopping=True).unreadiness == "it is stopping"
    starting = with_processes(ProcessStatus(2, False))
    assert starting.unreadiness == "no process of 2 is ready"
    unreachable = with_processes(ProcessStatus(2, True, reachable=False))
    assert unreachable.unreadiness == "no process of 1 reaches the store"


def test_an_idle_process_must_have_heard_from_the_store_a_busy_one_need_not() -> None:
    idle = ProcessStatus(2, True, held=0, answered=LATE_AFTER + 1)
    assert with_processes(idle).unreadiness == "the store has not answered for 31 s"
    assert with_processes(replace(idle, held=1)).unreadiness is None


def test_a_status_survives_the_socket() -> None:
    restarted = replace(WELL, restarts={"1": 2, "2": 0})
    assert WorkerStatus.from_json(restarted.to_json()) == restarted


def test_what_a_supervisor_of_another_version_tells_besides_is_left_out() -> None:
    told = json.loads(WELL.to_json())
    told["news"] = 1
    told["processes"][0]["news"] = 2
    assert WorkerStatus.from_json(json.dumps(told)) == WELL
