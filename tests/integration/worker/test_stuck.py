"""A process that has stopped working notices, or is noticed, and is replaced; one that is only busy is left alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from taskhub.exceptions import WorkerLostError
from taskhub.worker.restart_policy import EXIT_REPLACE
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import until


@pytest.mark.parametrize("how", ["hang", "die"])
def test_a_process_whose_exchange_loop_is_stuck_or_dead_gives_back_and_is_replaced_at_once(
    make_stage: Callable[..., Stage], journal: Journal, tmp_path: Path, how: str
) -> None:
    stage = make_stage(worker_stuck_after=2)
    workers = stage.supervised(processes=1, threads=2)
    (first,) = workers.pids
    neighbour = stage.send("wait_for_file", journal, tmp_path / "go")
    journal.wait_for(1)
    (tmp_path / "other").touch()
    breaking = stage.send("break_exchange_loop", tmp_path / "broken", how)
    until(lambda: len(workers.pids) == 2, "the process to be replaced", 90)
    (tmp_path / "go").touch()
    assert neighbour.get(timeout=30) == workers.pids[1]
    assert breaking.get(timeout=30) is None
    assert first not in workers.living
    assert "does not work any more" in workers.log
    assert "asked to be replaced; restarted now" in workers.log
    # Given back, not lost: that counts no delivery, and nobody had to take them away.
    assert "tasks reclaimed" not in workers.log


def test_under_dramatiq_a_stuck_process_gives_back_and_ends_with_a_status_of_its_own(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    stage = make_stage(worker_stuck_after=2)
    workers = stage.workers()
    stage.send("break_exchange_loop", journal, "hang")
    assert workers.wait(30) == EXIT_REPLACE
    until(lambda: not stage.held, "its claims to be given back")
    second = stage.workers()
    journal.wait_for(2)
    assert second.is_running


def test_a_process_whose_event_loop_has_died_is_replaced_and_its_coroutines_run_again(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.supervised(processes=1, threads=4)
    others = [stage.send("sleep_in_coroutine", 5) for _ in range(2)]
    until(lambda: len(stage.held) == 2, "the others to begin")
    result = stage.send("break_event_loop", journal, 1)
    # These find no loop before the process is replaced.
    journal.wait_for(1)
    late = [stage.send("sleep_in_coroutine", 0) for _ in range(8)]
    until(lambda: len(workers.pids) == 2, "the process to be replaced", 90)
    assert result.get(timeout=30) is None
    assert {other.get(timeout=30) for other in (*others, *late)} == {workers.pids[1]}
    assert "event loop of coroutines is dead" in workers.log


def test_a_task_that_breaks_every_process_is_given_up_with_pauses_until_it_is_a_suspect(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    stage = make_stage(task_max_deliveries=3)
    workers = stage.supervised(processes=1, threads=2)
    result = stage.send("break_event_loop", journal, 1000)
    with pytest.raises(WorkerLostError, match="delivered 3 times"):
        result.get(timeout=90)
    # On a loaded machine a process may be lost between its claim and the first line of the body.
    assert len(journal.entries) in (2, 3)
    until(lambda: len(workers.pids) == 4, "the last process", 30)
    assert workers.log.count("asked to be replaced; restarted now") == 2
    assert workers.log.count("asked to be replaced; restarted in 0.5 s") == 1


def test_threads_that_have_died_are_replaced_and_what_they_took_comes_back(stage: Stage) -> None:
    workers = stage.workers(threads=3)
    assert stage.send("alive_threads").get(timeout=20) == 3
    assert stage.send("kill_threads").get(timeout=20) == 2
    # Some of these are taken by threads that are about to die, and strand with them.
    results = [stage.send("alive_threads") for _ in range(20)]
    until(lambda: "worker threads have died" in workers.log, "the watchdog to see it", 60)
    for result in results:
        result.get(timeout=30)
    until(lambda: stage.send("alive_threads").get(timeout=20) == 3, "new threads", 60)
    assert workers.is_running


def test_an_idle_process_that_stands_still_is_killed_and_replaced(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    stage = make_stage(worker_stuck_after=2)
    workers = stage.supervised(processes=1)
    (first,) = workers.pids
    os.kill(first, signal.SIGSTOP)
    until(lambda: len(workers.pids) == 2, "the process to be replaced", 90)
    assert "sent no heartbeat for" in workers.log
    assert stage.send("mark", journal).get(timeout=20) == workers.pids[1]
    assert first not in workers.living


def test_a_task_that_holds_the_interpreter_is_neither_doubled_nor_taken_for_dead(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    stage = make_stage(lease_seconds=1, worker_stuck_after=2)
    workers = stage.supervised(processes=1, threads=2)
    # Whoever could take it if it were taken away.
    other = stage.supervised(processes=1, threads=2)
    began = time.monotonic()
    result = stage.send("hold_interpreter", journal, 8)
    pid = result.get(timeout=40)
    assert time.monotonic() - began >= 8
    assert [entry[2] for entry in journal.entries] == ["begin", "end"]
    both = workers.log + other.log
    assert "one of which may keep the interpreter's lock" in both
    assert "killed" not in both
    assert "does not work any more" not in both
    # Its process was late with everything, and goes on.
    assert stage.send("mark", journal).get(timeout=20) in (*workers.pids, *other.pids)
    assert pid in workers.living + other.living
    assert len(workers.pids) == len(other.pids) == 1
