"""Workers that do not know a task leave its messages to those that do: two applications, and a rolling deploy."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from taskhub import states
from taskhub.exceptions import NotRegistered
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import until

OTHER = "tests.integration.worker.other_program"

MakeStage = Callable[..., Stage]


def test_two_applications_on_one_queue_run_their_own_tasks(
    make_stage: MakeStage, tmp_path: Path
) -> None:
    # Nothing is gained by the grace: the workers that know the tasks are there.
    stage = make_stage(task_unknown_grace=0)
    runs = tmp_path / "runs"
    runs.mkdir()
    stage.supervised(processes=1, threads=2)
    stage.supervised(module=OTHER, processes=1, threads=2)
    theirs = [stage.send("of_the_other", runs, number) for number in range(200)]
    ours = [stage.send("add", number, 1) for number in range(200)]
    assert [result.get(timeout=60) for result in theirs] == list(range(200))
    assert [result.get(timeout=60) for result in ours] == list(range(1, 201))
    written = {path.name: path.read_text().splitlines() for path in runs.iterdir()}
    assert len(written) == 200
    assert all(len(lines) == 1 for lines in written.values()), "each ran once"
    assert stage.app.engine.dead_letters(0, 10) == []


def test_messages_wait_for_the_worker_of_a_rolling_deploy(
    make_stage: MakeStage, tmp_path: Path
) -> None:
    stage = make_stage(task_unknown_grace=60)
    stage.supervised(processes=1, threads=2)
    results = [stage.send("of_the_other", tmp_path, number) for number in range(20)]
    until(
        lambda: "task_unknown_grace" in stage.sets[0].log, "the old worker to have met the new task"
    )
    assert stage.send("add", 1, 2).get(timeout=60) == 3
    stage.supervised(module=OTHER, processes=1, threads=2)
    assert [result.get(timeout=60) for result in results] == list(range(20))


def test_what_nobody_knows_is_a_failure_after_the_grace_and_can_be_retried_after_the_deploy(
    make_stage: MakeStage, tmp_path: Path
) -> None:
    stage = make_stage(task_unknown_grace=1)
    workers = stage.supervised(processes=1, threads=2)
    began = time.monotonic()
    result = stage.send("of_the_other", tmp_path, 7)
    error = result.get(timeout=60, propagate=False)
    assert time.monotonic() - began > 0.7
    assert isinstance(error, NotRegistered)
    assert result.state == states.FAILURE
    reason = stage.dead_letter(result.id)
    assert reason is not None
    assert reason["reason"] == "NotRegistered"
    hint = f"`taskhub -A tests.integration.worker.program dead retry {result.id}`"
    until(lambda: hint in workers.log, f"{hint} in the log")
    assert "Received unregistered task of type 'of_the_other'" in workers.log
    assert "queue 'default'" in workers.log
    stage.supervised(module=OTHER, processes=1, threads=2)
    (letter,) = stage.app.engine.dead_letters(0, 10)
    stage.app.engine.retry_dead_letters([letter.key])
    again = stage.app.AsyncResult

    def state() -> str:
        # A result that was seen to have ended remembers it.
        return again(result.id).state

    until(lambda: state() == states.SUCCESS, "the retried message to have run")
    assert again(result.id).get(timeout=60) == 7


def test_a_poison_message_is_given_up_though_it_goes_through_workers_that_do_not_know_it(
    make_stage: MakeStage, journal: Journal
) -> None:
    stage = make_stage(task_max_deliveries=2, task_unknown_grace=60)
    stage.supervised(module=OTHER, processes=1, threads=1)
    stage.supervised(processes=1, threads=1)
    result = stage.send("poison", journal)
    until(lambda: result.state == states.FAILURE, "the poison to be given up", 90.0)
    assert len(journal.words) <= 2


def test_an_idle_worker_of_another_version_holds_up_no_burst(
    make_stage: MakeStage, tmp_path: Path
) -> None:
    stage = make_stage()
    runs = tmp_path / "runs"
    runs.mkdir()

    def burst(first: int) -> float:
        """Return how long 300 small tasks of the other program take, seconds."""
        began = time.monotonic()
        results = [stage.send("of_the_other", runs, number) for number in range(first, first + 300)]
        for result in results:
            result.get(timeout=60)
        return time.monotonic() - began

    stage.supervised(module=OTHER, processes=1, threads=2)
    burst(0)
    alone = min(burst(300), burst(600))
    stage.supervised(processes=2, threads=8)
    beside = min(burst(900), burst(1200), burst(1500))
    # It took 17 s when each message rested for longer each time that it met a worker that does not
    # know it.
    assert beside < 2 * alone + 1.0
    # The worker still finds its own.
    began = time.monotonic()
    assert stage.send("add", 1, 2).get(timeout=10) == 3
    assert time.monotonic() - began < 2
