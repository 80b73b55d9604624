"""Processes are replaced without a gap: the new one works before the old one stops, and what runs is finished."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

from taskhub.engine.port.monitoring import FROM_BEGINNING
from tests.integration.worker.conftest import Journal, Stage, median
from tests.support.workers import SupervisedSet, until


def event_types(stage: Stage) -> list[str]:
    """Return the types of the events so far, the oldest first."""
    with stage.app.engine.read_events(FROM_BEGINNING) as events:
        return [json.loads(event.text)["type"] for event in events.read(0)]


def takeovers(workers: SupervisedSet) -> int:
    return workers.log.count("takes over from process")


def test_a_process_that_has_run_its_tasks_is_replaced_and_nothing_is_lost_or_run_twice(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.supervised("--max-tasks-per-child", "20", processes=2)
    results = [stage.send("mark", journal, number) for number in range(100)]
    for result in results:
        result.get(timeout=30)
    until(lambda: takeovers(workers) >= 1, "a process to be replaced", 90)
    results = [stage.send("mark", journal, number) for number in range(100, 200)]
    for result in results:
        result.get(timeout=30)
    assert sorted(journal.words) == list(range(200))
    assert "worker_max_tasks_per_child is 20" in workers.log
    assert "were requeued" not in workers.log


def test_while_a_process_is_replaced_long_tasks_go_on_and_short_ones_do_not_wait(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.supervised("--max-tasks-per-child", "5", processes=1, threads=2)
    (first,) = workers.pids
    long = stage.send("wait_for_file", journal, stage.directory / "go")
    journal.wait_for(1)
    durations = []
    while not takeovers(workers) or len(durations) < 30:
        began = time.monotonic()
        stage.send("add", 1, 2).get(timeout=20)
        durations.append(time.monotonic() - began)
    # The one that was replaced still runs the long task, and nothing else.
    assert first in workers.living
    assert len(workers.living) >= 2
    assert max(durations) < 5.0, durations
    assert median(durations) < 0.5, durations
    (stage.directory / "go").touch()
    assert long.get(timeout=20) == first
    until(lambda: first not in workers.living, "the replaced process to end")
    assert "were requeued" not in workers.log


def test_a_process_that_has_grown_is_replaced_by_its_resident_memory(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.supervised("--max-memory-per-child", str(300 * 1024), processes=1)
    (first,) = workers.pids
    # It gives this back when it ends: only what is resident now counts, not the peak.
    assert stage.send("use_memory", 400, False).get(timeout=30) == first
    stage.send("add", 1, 2).get(timeout=20)
    # Two further looks of the process at itself.
    time.sleep(0.5)
    assert not takeovers(workers)
    assert stage.send("use_memory", 400, True).get(timeout=30) == first
    until(lambda: takeovers(workers) == 1, "the process to be replaced", 90)
    until(lambda: first not in workers.living, "the replaced process to end", 90)
    assert stage.send("mark", journal).get(timeout=20) == workers.pids[1]
    assert "KiB of memory (worker_max_memory_per_child is 307200)" in workers.log

    def restarts() -> tuple[int | None, str] | None:
        found = [info for info in stage.app.store.workers() if info.process == workers.pids[1]]
        return (found[0].restarts, found[0].restart_reason) if found else None

    count, reason = until(restarts, "its worker info")
    assert count == 1
    assert reason.endswith("KiB of memory (worker_max_memory_per_child is 307200)")


def test_processes_of_one_thread_never_run_more_tasks_at_a_time_than_there_are_of_them(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.supervised("--max-tasks-per-child", "1", "-E", processes=1, threads=1)
    pids = list(workers.pids)
    goes = [stage.directory / f"go{number}" for number in range(4)]
    tasks = [stage.send("wait_for_file", journal, go) for go in goes]
    for number, (go, task) in enumerate(zip(goes, tasks, strict=True)):
        # The next process imports beside the task, and waits for its end: each runs exactly one.
        until(lambda done=number: workers.log.count(" is prepared, and follows ") > done, "it", 90)
        assert journal.words.count("begin") == number + 1
        go.touch()
        pids.append(task.get(timeout=60))
    assert pids[0] == pids.pop(1)
    assert len(set(pids)) == len(tasks)
    # The one that is prepared when a reload is requested has imported the code before.
    go = stage.directory / "go"
    long = stage.send("wait_for_file", journal, go)
    until(lambda: workers.log.count(" is prepared, and follows ") > len(tasks), "it", 90)
    workers.send(signal.SIGHUP)
    until(lambda: "reloading" in workers.log, "the reload")
    go.touch()
    assert long.get(timeout=20) not in pids
    until(lambda: takeovers(workers) == len(tasks) + 2, "it, and the one of the reload", 90)
    assert stage.send("mark", journal).get(timeout=20) == workers.pids[-1]
    assert "were requeued" not in workers.log
    assert "worker lost" not in workers.log
    # The node was there all the time.
    assert event_types(stage).count("worker-online") >= len(tasks)
    assert "worker-offline" not in event_types(stage)
    workers.terminate()
    assert workers.wait() == 0
    assert event_types(stage)[-1] == "worker-offline"


def test_a_process_that_asks_for_it_is_replaced_without_waiting_for_its_stuck_thread(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.supervised(processes=1, threads=2)
    (first,) = workers.pids
    neighbour = stage.send("wait_for_file", journal, stage.directory / "go")
    journal.wait_for(1)
    stuck = stage.send("ask_for_replacement", journal, "a thread is stuck")
    until(lambda: takeovers(workers) == 1, "the process to be replaced", 90)
    (stage.directory / "go").touch()
    assert neighbour.get(timeout=20) == first
    assert "is being replaced: a thread is stuck" in workers.log
    # Its own end took no account of the thread that it has abandoned: that one's task runs again.
    assert stuck.get(timeout=30) == workers.pids[1]
    until(lambda: first not in workers.living, "the replaced process to end")


def test_a_hangup_reloads_the_code_and_what_runs_is_finished(
    stage: Stage, journal: Journal, tmp_path: Path
) -> None:
    workers = stage.supervised(processes=2, threads=2)
    before = list(workers.pids)
    tasks = [stage.send("wait_for_file", journal, tmp_path / "go") for _ in range(4)]
    journal.wait_for(4)
    workers.send(signal.SIGHUP)
    until(lambda: takeovers(workers) == 2, "both processes to be replaced", 60)
    assert stage.send("mark", journal).get(timeout=20) in set(workers.pids) - set(before)
    assert set(before) <= set(workers.living)
    (tmp_path / "go").touch()
    assert {task.get(timeout=20) for task in tasks} == set(before)
    until(lambda: set(workers.living) == set(workers.pids) - set(before), "the old ones to end")
    assert "were requeued" not in workers.log


def test_a_reload_of_broken_code_changes_nothing(stage: Stage, journal: Journal) -> None:
    module = stage.directory / "changing.py"
    module.write_text("from tests.integration.worker.program import *\n")
    workers = stage.supervised(module="changing", processes=1, path=stage.directory)
    module.write_text("1 / 0\n")
    workers.send(signal.SIGHUP)
    until(lambda: "the reload is cancelled" in workers.log, "the reload to fail", 90)
    assert "ZeroDivisionError" in workers.log
    (first,) = workers.pids
    assert stage.send("mark", journal).get(timeout=20) == first
    # A later one, of code that works, succeeds.
    module.write_text("from tests.integration.worker.program import *\n")
    os.utime(module, (time.time() + 5, time.time() + 5))
    workers.send(signal.SIGHUP)
    until(lambda: takeovers(workers) == 1, "the process to be replaced", 90)
