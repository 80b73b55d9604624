"""Worker processes that are killed, frozen or poisoned: no task is lost, none ends twice."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

from taskhub import states
from taskhub.engine.port.rules import EngineRules
from taskhub.exceptions import WorkerLostError
from taskhub.worker.leases.lease_renewer import RENEWALS_PER_LEASE
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import until


def test_a_task_of_a_killed_process_runs_again_in_another_set_within_a_second(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    # Much longer than it may take: the end of the process is seen, not the end of its lease.
    stage = make_stage(lease_seconds=6)
    first, second = stage.workers(wait=False), stage.workers(wait=False)
    for workers in (first, second):
        workers.wait_until_ready()
    stage.wait_for_renewals()
    documents: list[bytes] = []
    result = stage.send("work", journal, 0.5)
    with stage.app.engine.follow([result.id], lambda _id, text: documents.append(text)):
        ((_, victim, *_),) = journal.wait_for(1)
        killed = time.time()
        os.kill(victim, signal.SIGKILL)
        again = journal.wait_for(2)[1]
        assert again[1] != victim
        print(f"redelivered after {(again[0] - killed) * 1000:.0f} ms")  # noqa: T201
        assert again[0] - killed < 1.0
        assert result.get(timeout=60) == again[1]
    assert journal.words == [("begin", ""), ("begin", ""), ("end", "")]
    assert len(documents) == 1
    assert stage.held == {}


def test_a_task_of_a_killed_process_comes_back_while_its_neighbours_end(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.workers(processes=2)
    stage.wait_for_renewals()
    result = stage.send("work", journal, 0.3)
    ((_, victim, *_),) = journal.wait_for(1)
    os.kill(victim, signal.SIGKILL)
    # Dramatiq's command line ends when one of its processes does, for somebody to start it again:
    # the neighbour runs the task if it is quick enough.
    until(
        lambda: len(journal.entries) > 1 or stage.app.engine.queues()["default"].ready,
        "the task to come back",
        1.0,
    )
    workers.wait(20)
    assert stage.app.engine.workers() == {}
    if not result.ready():
        stage.workers()
    assert result.get(timeout=60) != victim
    assert journal.words == [("begin", ""), ("begin", ""), ("end", "")]


def test_a_lease_is_renewed_without_the_lease_renewer(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    stage = make_stage(lease_seconds=3)
    workers = stage.workers()
    assert workers.lease_renewer is not None
    result = stage.send("work", journal, 5.5)
    journal.wait_for(1)
    os.kill(workers.lease_renewer, signal.SIGKILL)
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        # Somebody who looks for expired leases finds none.
        assert stage.app.engine.renew([], 3000) == []
        time.sleep(0.02)
    assert result.get(timeout=60) == workers.pids[0]
    assert journal.words == [("begin", ""), ("end", "")]


def test_a_frozen_worker_cannot_end_what_was_taken_away(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    stage = make_stage(lease_seconds=1)
    frozen = stage.workers(threads=1)
    result = stage.send("work", journal, 0.5)
    journal.wait_for(1)
    frozen.freeze()
    other = stage.workers(threads=1)
    assert result.get(timeout=60) == other.pids[0]
    document = stage.document(result.id)
    frozen.thaw()
    until(lambda: "its claim had been taken away" in frozen.log, "the refusal in the log")
    assert stage.document(result.id) == document
    # It works on as before.
    other.kill()
    assert stage.send("mark", journal, "after").get(timeout=60) == frozen.pids[0]


def test_a_frozen_host_loses_its_tasks_to_others_and_what_it_comes_to_later_is_refused(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    """A paused process group stands for a host that is cut off: nobody there renews a lease or sees a death."""
    stage = make_stage(lease_seconds=2)
    frozen = stage.supervised(processes=1, threads=1)
    result = stage.send("work", journal, 0.5)
    journal.wait_for(1)
    frozen.freeze()
    at = time.monotonic()
    other = stage.supervised(processes=1, threads=1)
    assert result.get(timeout=60) in other.pids
    document = stage.document(result.id)
    assert time.monotonic() - at > 1
    frozen.thaw()
    until(lambda: "its claim had been taken away: dropped" in frozen.log, "the refusal", 30)
    assert stage.document(result.id) == document
    # Nobody took the frozen process for stuck, and it works on as before.
    assert "killed" not in frozen.log
    other.kill()
    assert stage.send("mark", journal, "after").get(timeout=30) == frozen.pids[0]


def test_with_the_default_lease_a_lost_hosts_tasks_are_back_within_15_seconds() -> None:
    # The lease runs out; the next renewal of anybody else sees it, and rings for whoever is idle.
    lease = EngineRules().lease / 1000
    assert lease + lease / RENEWALS_PER_LEASE < 15 - 1


def test_a_task_that_kills_its_workers_is_given_up(
    make_stage: Callable[..., Stage], journal: Journal
) -> None:
    stage = make_stage(task_max_deliveries=3)
    # One more than it may kill.
    workers = [stage.workers(wait=False) for _ in range(4)]
    for started in workers:
        started.wait_until_ready()
    result = stage.send("poison", journal)
    error = result.get(timeout=30, propagate=False)
    assert isinstance(error, WorkerLostError)
    assert result.state == states.FAILURE
    assert journal.words == ["poisoned"] * 3
    reason = stage.dead_letter(result.id)
    assert reason is not None
    assert reason["reason"] == "WorkerLostError"
    # The one that is left goes on with the rest.
    assert stage.send("mark", journal, "after").get(timeout=60) > 0
    assert journal.words == ["poisoned"] * 3 + ["after"]


def test_a_task_that_is_acknowledged_early_is_not_run_again(stage: Stage, journal: Journal) -> None:
    for workers in [stage.workers(wait=False) for _ in range(2)]:
        workers.wait_until_ready()
    result = stage.send("once_only", journal, 30)
    ((_, victim, *_),) = journal.wait_for(1)
    os.kill(victim, signal.SIGKILL)
    assert isinstance(result.get(timeout=60, propagate=False), WorkerLostError)
    assert result.state == states.FAILURE
    assert journal.words == ["begin"]
    assert stage.app.engine.queues()["default"].ready == 0


def test_a_warm_shutdown_finishes_what_runs_and_gives_the_rest_back(
    stage: Stage, journal: Journal
) -> None:
    workers = stage.workers(threads=2)
    # Quick tasks first, so that the process holds more than it runs.
    quick = [stage.send("add", number, number) for number in range(300)]
    assert quick[-1].get(timeout=60) == 598
    running = [stage.send("work", journal, 1.5, name) for name in ("first", "second")]
    journal.wait_for(2)
    waiting = [stage.send("mark", journal, number) for number in range(40)]
    stopped = time.monotonic()
    workers.terminate()
    assert workers.wait(20) == 0
    assert time.monotonic() - stopped < 8
    assert [result.state for result in running] == [states.SUCCESS] * 2
    engine = stage.app.engine
    assert engine.workers() == {}
    done = [result.id for result in waiting if result.state == states.SUCCESS]
    left = [envelope.task_id for envelope in engine.waiting("default", 0, 100)]
    # Nothing is lost, and what is left is in its order.
    assert left == [result.id for result in waiting if result.id not in done]
    stage.workers()
    assert all(result.get(timeout=60) for result in waiting)
    assert sorted(word for word in journal.words if isinstance(word, int)) == list(range(40))


def test_a_group_that_is_told_twice_to_end_does(stage: Stage, journal: Journal) -> None:
    """As systemd does by default: the master passes on the signal that its processes have got already."""
    workers = stage.workers(processes=2)
    stage.send("work", journal, 30)
    journal.wait_for(1)
    pids = workers.pids
    workers.terminate()
    until(lambda: workers.log.count("Stopping worker process") == 2, "the first signal", 10.0)
    for pid in pids:
        os.kill(pid, signal.SIGTERM)
    workers.wait(20)
    until(lambda: not any(map(_lives, pids)), "the processes to end", 10.0)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
