"""A process that has stopped working notices, or is noticed, and is replaced; one that is only busy is left alone."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from taskhub.worker.restarting import REPLACE_ME
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import until


@pytest.mark.parametrize("how", ["hang", "die"])
def test_a_process_whose_courier_is_stuck_or_dead_gives_back_and_is_replaced_at_once(
    make_stage: Callable[..., Stage], journal: Journal, tmp_path: Path, how: str
) -> None:
    stage = make_stage(worker_stuck_after=2)
    workers = stage.supervised(processes=1, threads=2)
    (first,) = workers.pids
    neighbour = stage.send("wait_for_file", journal, tmp_path / "go")
    journal.wait_for(1)
    (tmp_path / "other").touch()
    breaking = stage.send("break_courier", tmp_path / "broken", how)
    until(lambda: len(workers.pids) == 2, "the process to be replaced", 90)
    (tmp_path / "go").touch()
    assert neighbour.get(timeout=30) == workers.pids[1]
    assert breaking.get(timeout=30) is None
    assert first not in workers.living
    assert "does not work any more" in workers.log
    assert "asked to be replaced; it is started again now" in workers.log
    # Given back, not lost: that counts no delivery, and nobody had to take them away.
    assert "tasks go back to their queues" not in workers.log


def test_under_dramatiq_a_stuck_process_gives_back_and_ends_with_a_status_of_its_own(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    stage = make_stage(worker_stuck_after=2)
    workers = stage.workers()
    stage.send("break_courier", journal, "hang")
    assert workers.wait(30) == REPLACE_ME
    until(lambda: not stage.held, "its claims to be given back")
    second = stage.workers()
    journal.wait_for(2)
    assert second.is_running


def test_a_process_whose_event_loop_was_stopped_is_replaced(stage: Stage, journal: Journal) -> None:
    workers = stage.supervised(processes=1)
    result = stage.send("stop_event_loop", journal)
    until(lambda: len(workers.pids) == 2, "the process to be replaced", 90)
    assert result.get(timeout=30) is None
    assert "event loop of coroutines is dead" in workers.log


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
    assert "has been silent for" in workers.log
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
    assert "one of which may be holding its interpreter" in both
    assert "killed" not in both
    assert "does not work any more" not in both
    # Its process was late with everything, and goes on.
    assert stage.send("mark", journal).get(timeout=20) in (*workers.pids, *other.pids)
    assert pid in workers.living + other.living
    assert len(workers.pids) == len(other.pids) == 1
