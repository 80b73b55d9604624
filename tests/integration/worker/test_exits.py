"""Code of a program that raises what ends a process, around a task's body: the task ends, and the worker goes on."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from taskhub.exceptions import WorkerLostError
from tests.integration.worker.conftest import Stage
from tests.support.workers import until

MODULE = "tests.integration.worker.exits"
#: Where the program exits -> what the task comes to.
PLACES = {
    "on_success": "SUCCESS",
    "after_return": "SUCCESS",
    "task_postrun": "SUCCESS",
    "task_success": "SUCCESS",
    "text_of_result": "SUCCESS",
    "before_start": "FAILURE",
    "task_prerun": "FAILURE",
    "on_failure": "FAILURE",
    "task_failure": "FAILURE",
    "errback": "FAILURE",
    "text_of_exception": "FAILURE",
}


def test_a_program_that_exits_around_a_body_loses_no_task(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage()
    workers = stage.supervised(module=MODULE, processes=1, threads=2)
    errback = stage.app.signature("exit_as_errback")
    results = {place: stage.send("exit_around", place, link_error=errback) for place in PLACES}
    following = stage.send(
        "exit_around", "on_success", link=stage.app.signature("add", (1, 2), immutable=True)
    )
    for place, state in PLACES.items():
        results[place].get(timeout=30, propagate=False)
        assert results[place].state == state, place
    assert following.get(timeout=30) == "done"
    assert [child.get(timeout=30) for child in following.children or ()] == [3]

    with pytest.raises(WorkerLostError, match="exitcode 3"):
        results["before_start"].get(timeout=10)
    assert stage.send("add", 1, 2).get(timeout=30) == 3
    assert "threads have died" not in workers.log


@pytest.mark.parametrize("how", ["exception", "exit"])
def test_log_handlers_that_raise_change_nothing(make_stage: Callable[..., Stage], how: str) -> None:
    stage = make_stage()
    workers = stage.supervised(module=MODULE, processes=1, threads=2)
    stage.send("add_log_handler", how).get(timeout=30)
    results = [stage.send("add", number, 1) for number in range(20)]
    assert [result.get(timeout=30) for result in results] == list(range(1, 21))
    failed = stage.send("fail", "no")
    assert isinstance(failed.get(timeout=30, propagate=False), KeyError)
    assert stage.send("add", 1, 2).get(timeout=30) == 3
    assert "a handler of the logger" in workers.log
    assert "threads have died" not in workers.log


def test_a_process_whose_descriptors_a_task_has_closed_is_replaced(
    make_stage: Callable[..., Stage],
) -> None:
    stage = make_stage(task_max_deliveries=2)
    workers = stage.supervised(module=MODULE, processes=1, threads=2)
    closing = stage.send("close_descriptors")
    # Its outcome may be written by a new connection before the process is replaced, or else it runs
    # again.
    closing.get(timeout=120, propagate=False)
    until(lambda: "has closed its connection to the supervisor" in workers.log, "the kill", 90)
    assert stage.send("add", 1, 2).get(timeout=60) == 3
    until(lambda: len(workers.pids) > 1, "another process", 60)


def test_a_coroutine_that_cancels_all_tasks_cancels_its_own_only(
    make_stage: Callable[..., Stage],
) -> None:
    stage = make_stage()
    stage.supervised(module=MODULE, processes=1, threads=4)
    others = [stage.send("sleep_in_coroutine", 3) for _ in range(2)]
    until(lambda: len(stage.held) == 2, "both to be claimed")
    assert stage.send("cancel_all_tasks").get(timeout=30) == 3
    assert [other.get(timeout=30) for other in others] == ["slept", "slept"]
