"""How tasks end in real worker processes: what is stored, and what is not."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from taskhub import states
from taskhub.exceptions import DecodeError, WorkerLostError
from taskhub.message import Envelope
from tests.integration.worker.conftest import Journal, Stage
from tests.support.workers import until


def test_a_value_is_stored_as_success(busy: Stage) -> None:
    result = busy.send("add", 1, 2)
    assert result.get(timeout=60) == 3
    document = busy.document(result.id)
    assert document is not None
    assert document["status"] == states.SUCCESS
    assert document["task_id"] == result.id
    assert document["date_done"] is not None


def test_an_exception_is_stored_as_failure_with_its_traceback(busy: Stage) -> None:
    result = busy.send("fail", "no such thing")
    with pytest.raises(ValueError, match="no such thing"):
        result.get(timeout=60)
    assert result.state == states.FAILURE
    assert "raise ValueError(text)" in result.traceback
    assert busy.dead_letter(result.id) is None


def test_an_expected_exception_is_a_failure_without_a_traceback_in_the_log(busy: Stage) -> None:
    result = busy.send("fail_as_expected", "as ever")
    with pytest.raises(KeyError):
        result.get(timeout=60)
    assert result.state == states.FAILURE


def test_what_would_end_a_process_fails_the_task_only(busy: Stage) -> None:
    result = busy.send("give_up_process")
    with pytest.raises(WorkerLostError, match="Worker exited prematurely: exitcode 7"):
        result.get(timeout=60)
    assert result.state == states.FAILURE
    assert "raise SystemExit(7)" in result.traceback
    assert busy.send("add", 2, 2).get(timeout=60) == 4


@pytest.mark.parametrize(
    "how",
    ["exit", "interrupt", "generator", "cancel", "child", "gathered", "cancel oneself"],
)
def test_a_coroutine_that_would_end_the_event_loop_fails_alone(busy: Stage, how: str) -> None:
    others = [busy.send("sleep_in_coroutine", 0.5) for _ in range(2)]
    result = busy.send("leave_coroutine", how)
    with pytest.raises(WorkerLostError, match="Worker exited prematurely"):
        result.get(timeout=60)
    assert result.state == states.FAILURE
    assert len({other.get(timeout=60) for other in others}) == 1


@pytest.mark.parametrize("how", ["callback", "stop"])
def test_the_event_loop_goes_on_after_what_a_coroutine_does_to_it(busy: Stage, how: str) -> None:
    others = [busy.send("sleep_in_coroutine", 0.5) for _ in range(2)]
    assert busy.send("leave_coroutine", how).get(timeout=60) is None
    assert len({other.get(timeout=60) for other in others}) == 1


def test_a_native_coroutine_that_would_end_the_event_loop_fails_alone(busy: Stage) -> None:
    other = busy.send("sleep_in_coroutine", 0.5)
    result = busy.enqueue(busy.native("leave_natively"))
    with pytest.raises(WorkerLostError, match="exitcode 3"):
        result.get(timeout=60)
    assert other.get(timeout=60)


def test_a_retry_ends_in_the_commit_that_publishes_the_next_try(
    busy: Stage, journal: Journal
) -> None:
    result = busy.send("retry_once", journal, 0.3)
    until(lambda: result.state == states.RETRY, "the state RETRY")
    document = busy.document(result.id)
    assert document is not None
    assert document["result"]["exc_type"] == "ValueError"
    assert [delayed.envelope.task_id for delayed in busy.app.engine.delayed(0, 10)] == [result.id]
    assert result.get(timeout=60) == 1
    assert journal.words == [("try", 0), ("try", 1)]


def test_an_ignored_task_keeps_the_state_that_it_set(busy: Stage) -> None:
    result = busy.send("ignore")
    until(lambda: result.state == "LOOKED", "the state that the task set")
    until(lambda: not busy.held, "the end of the task")
    assert result.state == "LOOKED"
    assert result.info == {"at": "nothing"}


def test_a_rejected_task_is_a_dead_letter(busy: Stage, journal: Journal) -> None:
    result = busy.send("reject", False, journal)
    reason = until(lambda: busy.dead_letter(result.id), "a dead letter")
    assert reason["reason"] == "Reject"
    assert "unwanted" in reason["detail"]
    assert result.state == states.FAILURE


def test_a_task_that_rejects_with_requeue_runs_again(busy: Stage, journal: Journal) -> None:
    result = busy.send("reject", True, journal)
    assert result.get(timeout=60) is None
    assert journal.words == ["reject", "reject"]


def test_an_expired_task_does_not_run(busy: Stage, journal: Journal) -> None:
    result = busy.send("mark", journal, "expired", countdown=0.2, expires=0.05)
    until(lambda: result.state == states.REVOKED, "the expired task to be revoked")
    assert journal.words == []


def test_a_task_that_was_revoked_while_it_waited_in_a_worker_does_not_run(
    busy: Stage, journal: Journal
) -> None:
    task_id = f"revoked-{time.monotonic_ns()}"
    assert busy.app.engine.revoke("tests", [task_id], 60_000) == []
    result = busy.send("mark", journal, "revoked", task_id=task_id)
    until(lambda: result.state == states.REVOKED, "the task to be revoked")
    assert journal.words == []


def test_a_value_that_cannot_be_stored_fails_the_task(busy: Stage) -> None:
    result = busy.send("unstorable")
    error = result.get(timeout=60, propagate=False)
    assert isinstance(error, Exception)
    assert result.state == states.FAILURE


def test_text_that_is_not_unicode_is_stored_all_the_same(busy: Stage) -> None:
    assert busy.send("half_a_pair").get(timeout=60) == "\udcff"


def test_arguments_that_do_not_fit_fail_the_task(busy: Stage) -> None:
    result = busy.send("add", 1, kwargs={"z": 2})
    with pytest.raises(TypeError, match="argument"):
        result.get(timeout=60)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff not a message", DecodeError),
        (b'{"actor_name": "add", "args": 5, "kwargs": {}}', DecodeError),
        (b'{"actor_name": "add", "args": [], "kwargs": [1]}', DecodeError),
        (b'{"actor_name": "add", "args": [1, 2], "kwargs": {}, "options": [1]}', DecodeError),
        (b'{"actor_name": ["add"], "args": [1, 2], "kwargs": {}}', DecodeError),
    ],
)
def test_what_is_no_message_is_a_dead_letter_and_the_worker_goes_on(
    busy: Stage, body: bytes, reason: type[Exception]
) -> None:
    task_id = f"unreadable-{time.monotonic_ns()}"
    busy.app.engine.enqueue([Envelope(task_id, "default", 5, body)])
    found = until(lambda: busy.dead_letter(task_id), "a dead letter")
    assert found["reason"] == reason.__name__
    assert found["detail"]
    result = busy.app.AsyncResult(task_id)
    assert result.state == states.FAILURE
    assert isinstance(result.result, reason)
    assert busy.send("add", 3, 4).get(timeout=60) == 7


def test_an_unknown_task_is_a_dead_letter_and_the_worker_goes_on(busy: Stage) -> None:
    result = busy.send("no_such_task", 1)
    assert "no_such_task" in str(result.get(timeout=60, propagate=False))
    assert result.state == states.FAILURE
    found = busy.dead_letter(result.id)
    assert found is not None
    assert found["reason"] == "NotRegistered"
    assert busy.send("add", 3, 4).get(timeout=60) == 7


@pytest.mark.parametrize("how", ["succeed", "fail", "retry"])
def test_handlers_are_called_and_a_state_set_there_is_the_ending(
    busy: Stage, journal: Journal, how: str
) -> None:
    result = busy.send("handled", journal, how)
    expected = {
        "succeed": [("on_success", "succeed"), ("after_return", "SUCCESS")],
        "fail": [("on_failure", "broken", True), ("after_return", "FAILURE")],
        "retry": [
            ("on_retry", "later"),
            ("on_success", "retry"),
            ("after_return", "SUCCESS"),
        ],
    }[how]
    journal.wait_for(len(expected))
    assert journal.words == expected
    state = states.FAILURE if how == "fail" else "ARCHIVED"
    until(lambda: result.state == state, f"the state {state}")
    until(lambda: result.id not in busy.held, "the end of the task")
    assert result.state == state


def test_started_tells_the_process_and_the_host(busy: Stage, tmp_path: Path) -> None:
    path = tmp_path / "go on"
    result = busy.send("tracked", str(path))
    until(lambda: result.state == states.STARTED, "the state STARTED")
    info = result.info
    assert info["pid"] in busy.sets[0].pids
    assert "@" in info["hostname"]
    path.touch()
    assert result.get(timeout=60) == "done"


def test_a_task_knows_its_call(busy: Stage) -> None:
    result = busy.send("request_fields", 1, kwargs={"a": 2}, headers={"custom": "yes"}, priority=7)
    fields = result.get(timeout=60)
    assert fields == {
        "id": result.id,
        "task": "request_fields",
        "args": [1],
        "kwargs": {"a": 2},
        "retries": 0,
        "delivery_info": {
            "exchange": "",
            "routing_key": "default",
            "priority": 7,
            "redelivered": False,
        },
        "hostname": fields["hostname"],
        "root_id": result.id,
        "parent_id": None,
        "custom": "yes",
        "correlation_id": result.id,
        "called_directly": False,
    }


def test_threads_keep_their_requests_apart(busy: Stage) -> None:
    results = [busy.send("meet", 4) for _ in range(4)]
    assert [result.get(timeout=60) for result in results] == [[r.id, r.id] for r in results]
    assert busy.send("current_request").get(timeout=60) is True


def test_coroutines_keep_their_requests_apart(busy: Stage) -> None:
    results = [busy.send("meet_async", 0.1) for _ in range(4)]
    assert [result.get(timeout=60) for result in results] == [[r.id, r.id] for r in results]


def test_middleware_of_the_user_sees_the_messages_of_tasks(busy: Stage) -> None:
    sent = busy.send("send_add").get(timeout=60)
    result = busy.app.AsyncResult(sent)
    assert result.get(timeout=60) == 3
    until(
        lambda: (
            busy.send("hooks_seen", sent).get(timeout=60)
            == ["before_enqueue", "before_process_message", "after_process_message", "after_ack"]
        ),
        "the hooks to be called in order",
    )


def test_a_task_that_middleware_skips_is_revoked(busy: Stage) -> None:
    result = busy.send("request_fields", kwargs={"skip": True})
    until(lambda: result.id not in busy.held and not _waits(busy, result.id), "its end")
    assert busy.send("add", 1, 1).get(timeout=60) == 2
    assert result.state == states.REVOKED


def _waits(stage: Stage, task_id: str) -> bool:
    return task_id in [envelope.task_id for envelope in stage.app.engine.waiting("default", 0, 100)]
