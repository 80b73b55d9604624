"""Tasks that take their process down: those that ran beside them come to a good end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from taskhub.exceptions import WorkerLostError
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import SupervisedSet, until


def end_process(workers: SupervisedSet, journal: Journal, notes: int) -> None:
    """Wait for so many notes, and kill the process of the last."""
    _, victim, *_ = journal.wait_for(notes)[-1]
    os.kill(victim, signal.SIGKILL)


def test_tasks_beside_one_that_ends_its_process_are_not_given_up(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.supervised(processes=1, threads=8)
    healthy = [stage.send("work", journal, 2.0, f"h{number}") for number in range(5)]
    journal.wait_for(5)

    bad = stage.send("poison", journal)

    # Each time that all of them run together, all of them are lost.
    for result in healthy:
        result.get(timeout=60)
    assert isinstance(bad.get(timeout=60, propagate=False), WorkerLostError)
    assert journal.words.count("poisoned") == 5
    assert workers.log.count("restarted now") >= 3, (
        "what is known to be a suspect's doing costs no pause"
    )
    assert all(journal.words.count(("begin", f"h{number}")) <= 3 for number in range(5))


def test_tasks_that_end_different_processes_are_given_up_and_no_other(
    stage: Stage, journal: Journal
) -> None:
    stage.supervised(processes=2, threads=4)
    healthy = [stage.send("work", journal, 1.0, f"h{number}") for number in range(6)]
    journal.wait_for(6)

    bad = [stage.send("poison", journal) for _ in range(2)]

    for result in healthy:
        result.get(timeout=90)
    for result in bad:
        assert isinstance(result.get(timeout=90, propagate=False), WorkerLostError)


def test_a_suspect_that_runs_for_long_holds_up_nothing_else(stage: Stage, journal: Journal) -> None:
    workers = stage.supervised(processes=1, threads=2)
    go = stage.directory / "go"
    suspects = [stage.send("wait_for_file", journal, go) for _ in range(2)]
    end_process(workers, journal, 2)
    end_process(workers, journal, 4)

    # One of them begins, alone. When it has run for a while, others begin beside it.
    journal.wait_for(5)
    beside = stage.send("add", 1, 2)
    assert beside.get(timeout=30) == 3
    assert len(journal.entries) == 5, "two suspects never run in one process"
    # The other one gets a process of its own: the first one's is replaced, and finishes it.
    *_, (_, first, _), (_, second, _) = journal.wait_for(6)
    assert first != second
    assert "waits for a process in which nothing else runs" in workers.log
    assert stage.send("add", 3, 4).get(timeout=30) == 7
    go.touch()
    for result in suspects:
        result.get(timeout=30)
    assert len(journal.entries) == 6
    until(lambda: not stage.held, "everything to be ended")


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM])
def test_a_task_that_tells_its_process_to_stop_is_given_up_like_one_that_kills_it(
    make_stage: Callable[..., Stage], journal: Journal, number: signal.Signals
) -> None:
    stage = make_stage(task_max_deliveries=2, worker_shutdown_timeout=0.5)
    stage.supervised(processes=1, threads=2)
    bad = stage.send("signal_itself", journal, int(number))
    assert isinstance(bad.get(timeout=60, propagate=False), WorkerLostError)
    assert journal.words == ["begin", "begin"]


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGTERM])
def test_a_stop_that_was_asked_for_is_no_lost_delivery(
    make_stage: Callable[..., Stage], journal: Journal, number: signal.Signals
) -> None:
    stage = make_stage(worker_shutdown_timeout=0.5)
    workers = stage.supervised(processes=1)
    stage.send("wait_for_file", journal, stage.directory / "never")
    journal.wait_for(1)
    # As a service manager does, to each process of the group, and to the supervisor last.
    os.kill(workers.pids[0], number)
    workers.send(number)
    workers.wait(20)
    (claim,) = stage.app.engine.claim("probe", ["default"], 1).claims
    assert claim.delivery == 1
