"""Native actors of Dramatiq's in real worker processes: its rules, on our endings."""

from __future__ import annotations

import time

import dramatiq
import pytest
from dramatiq.results import ResultFailure, ResultMissing

from taskhub import states
from taskhub.exceptions import WorkerLostError
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import until


def test_a_native_actor_shows_its_result_to_both_worlds(busy: Stage) -> None:
    message = busy.native("native_add", 1, 2)
    result = busy.enqueue(message)
    backend = busy.app.broker.get_results_backend()
    assert message.get_result(backend=backend, block=True, timeout=60_000) == 3
    assert message.get_result(backend=backend) == 3
    assert result.get(timeout=60) == 3
    assert result.state == states.SUCCESS


def test_the_result_of_what_has_not_run_is_missing(busy: Stage) -> None:
    message = busy.native("native_add", 1, 2)
    with pytest.raises(ResultMissing):
        message.get_result(backend=busy.app.broker.get_results_backend())


def test_an_async_actor_runs(busy: Stage) -> None:
    assert busy.enqueue(busy.native("native_async", 21)).get(timeout=60) == 42


def test_a_delayed_message_waits(busy: Stage, journal: Journal) -> None:
    sent = time.time()
    busy.enqueue(busy.native("native_mark", journal, "ran"), delay=300)
    ((began, *_),) = journal.wait_for(1)
    assert began - sent >= 0.29


def test_retries_go_on_until_it_succeeds(busy: Stage, journal: Journal) -> None:
    result = busy.enqueue(busy.native("native_flaky", journal, 2))
    assert result.get(timeout=60) == "at last"
    assert journal.words == ["try"] * 3
    assert busy.dead_letter(result.id) is None


def test_retries_that_run_out_end_in_a_dead_letter(busy: Stage, journal: Journal) -> None:
    message = busy.native("native_flaky", journal, 99)
    result = busy.enqueue(message)
    reason = until(lambda: busy.dead_letter(result.id), "a dead letter")
    assert reason["reason"] == "ValueError"
    assert "not yet" in reason["traceback"]
    assert journal.words == ["try"] * 3
    assert result.state == states.FAILURE
    with pytest.raises(ResultFailure, match="not yet"):
        message.get_result(backend=busy.app.broker.get_results_backend())
    # Nothing of it is left to run.
    assert not [d for d in busy.app.engine.delayed(0, 100) if d.envelope.task_id == result.id]


def test_a_retry_leaves_in_the_commit_of_the_try_before(busy: Stage, journal: Journal) -> None:
    message = busy.native("native_flaky", journal, 1, min_backoff=60_000, max_backoff=60_000)
    result = busy.enqueue(message)
    until(lambda: result.state == states.RETRY, "the state RETRY")
    delayed = [d for d in busy.app.engine.delayed(0, 100) if d.envelope.task_id == result.id]
    assert len(delayed) == 1
    assert result.id not in busy.held


def test_what_it_throws_by_design_is_not_retried(busy: Stage, journal: Journal) -> None:
    result = busy.enqueue(busy.native("native_throws", journal))
    until(lambda: result.state == states.FAILURE, "the failure")
    assert journal.words == ["try"]


@pytest.mark.parametrize("fails", [False, True])
def test_callbacks_follow_the_ending(busy: Stage, journal: Journal, fails: bool) -> None:
    word = "on_failure" if fails else "on_success"
    message = busy.native(
        "native_ends", kwargs={"journal": journal, "fails": fails}, **{word: "native_seen"}
    )
    result = busy.enqueue(message)
    journal.wait_for(1)
    assert result.state == (states.FAILURE if fails else states.SUCCESS)
    seen = {"type": "ValueError", "message": "broken"} if fails else "fine"
    assert journal.words == [("callback", result.id, seen)]


def test_a_pipeline_hands_values_on(busy: Stage) -> None:
    messages = [busy.native("native_add", 1, 2), busy.native("native_add", 4)]
    # A task is an actor, too.
    messages.append(busy.native("add", 5))
    busy.app.broker.declare_queue("default")
    run = dramatiq.pipeline(messages, broker=busy.app.broker).run()
    assert run.get_result(block=True, timeout=60_000) == 12
    assert list(run.get_results(block=True, timeout=60_000)) == [3, 7, 12]


def test_a_group_is_waited_for(busy: Stage) -> None:
    busy.app.broker.declare_queue("default")
    members = [busy.native("native_add", number, number) for number in range(5)]
    run = dramatiq.group(members, broker=busy.app.broker).run()
    backend = busy.app.broker.get_results_backend()
    values = [m.get_result(backend=backend, block=True, timeout=60_000) for m in run.children]
    assert values == [0, 2, 4, 6, 8]


def test_a_time_limit_ends_a_native_actor(busy: Stage) -> None:
    began = time.monotonic()
    result = busy.enqueue(busy.native("native_slow"))
    error = result.get(timeout=60, propagate=False)
    assert time.monotonic() - began < 5
    # It is no Exception, which would end the program that asks.
    assert isinstance(error, WorkerLostError)
    assert "TimeLimitExceeded" in type(error.__cause__).__name__
    assert busy.dead_letter(result.id) is not None


def test_a_message_past_its_age_limit_is_a_dead_letter(busy: Stage) -> None:
    result = busy.enqueue(busy.native("native_aged"), delay=50)
    error = result.get(timeout=60, propagate=False)
    assert "age limit" in str(error)
    assert busy.dead_letter(result.id) is not None


def test_a_skipped_message_has_no_value(busy: Stage) -> None:
    message = busy.native("native_skippable", kwargs={"skip": True})
    busy.enqueue(message)
    backend = busy.app.broker.get_results_backend()
    assert message.get_result(backend=backend, block=True, timeout=60_000) is None


def test_arguments_that_do_not_fit_end_in_a_dead_letter(busy: Stage) -> None:
    result = busy.enqueue(busy.native("native_add", 1, kwargs={"z": 2}, max_retries=0))
    assert isinstance(result.get(timeout=60, propagate=False), TypeError)
    reason = busy.dead_letter(result.id)
    assert reason is not None
    assert reason["reason"] == "TypeError"
