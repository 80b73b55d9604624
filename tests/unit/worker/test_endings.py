"""What is written when a task ends, as pure functions of what happened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskhub import states
from taskhub.engine.port import Claim
from taskhub.exceptions import EncodeError
from taskhub.message import Envelope
from taskhub.outcome import Outcome
from taskhub.worker import endings
from taskhub.worker.context import Context
from taskhub.worker.endings import DEFAULT_POLICY, ResultPolicy

FOLLOWING = (Envelope("next", "default", 5, b"{}"),)
ERROR = ValueError("broken")


def document(outcome: Outcome) -> dict[str, Any]:
    assert outcome.document is not None
    stored: dict[str, Any] = json.loads(outcome.document)
    return stored


@pytest.fixture
def request_() -> Context:
    return Context(id="id", args=[1], kwargs={}, task="add", ignore_result=None)


def test_a_success_keeps_value_and_followers(request_: Context) -> None:
    outcome = endings.succeeded(request_, DEFAULT_POLICY, {"x": 1}, FOLLOWING)
    assert outcome.state == states.SUCCESS
    assert outcome.publish == FOLLOWING
    assert outcome.dead is None
    assert document(outcome)["result"] == {"x": 1}


def test_a_value_that_cannot_be_stored_is_an_error(request_: Context) -> None:
    with pytest.raises(EncodeError):
        endings.succeeded(request_, DEFAULT_POLICY, object())


@pytest.mark.parametrize(
    ("policy", "wish", "stored"),
    [
        (ResultPolicy(), None, True),
        (ResultPolicy(), True, False),
        (ResultPolicy(ignore_result=True), None, False),
        (ResultPolicy(ignore_result=True), False, True),
    ],
)
def test_the_wish_of_the_call_goes_before_the_tasks(
    request_: Context, policy: ResultPolicy, wish: bool | None, stored: bool
) -> None:
    request_.ignore_result = wish
    assert (endings.succeeded(request_, policy, 1).document is not None) is stored
    assert (endings.failed(request_, policy, ERROR, None).document is not None) is stored
    assert (endings.retried(request_, policy, ERROR, None, ()).document is not None) is stored
    assert (endings.revoked(request_, policy, "revoked").document is not None) is stored


def test_errors_may_be_stored_though_results_are_not(request_: Context) -> None:
    policy = ResultPolicy(ignore_result=True, store_errors_even_if_ignored=True)
    assert endings.succeeded(request_, policy, 1).document is None
    assert document(endings.failed(request_, policy, ERROR, "the traceback")) | {
        "date_done": None
    } == {
        "status": states.FAILURE,
        "result": {
            "exc_type": "ValueError",
            "exc_message": ["broken"],
            "exc_module": "builtins",
        },
        "traceback": "the traceback",
        "children": [],
        "date_done": None,
        "task_id": "id",
    }


def test_failures_may_be_kept_longer(request_: Context) -> None:
    policy = ResultPolicy(ttl=1_000, failure_ttl=None)
    assert endings.succeeded(request_, policy, 1).ttl == 1_000
    assert endings.failed(request_, policy, ERROR, None).ttl is None


def test_a_retry_is_not_done(request_: Context) -> None:
    outcome = endings.retried(request_, DEFAULT_POLICY, ERROR, "the traceback", FOLLOWING)
    assert outcome.state == states.RETRY
    assert outcome.publish == FOLLOWING
    assert document(outcome)["date_done"] is None


def test_what_is_ignored_or_requeued_stores_nothing(request_: Context) -> None:
    assert endings.ignored(request_, FOLLOWING) == Outcome(
        "id", states.IGNORED, None, None, FOLLOWING
    )
    assert endings.requeued(request_, FOLLOWING[0]) == Outcome(
        "id", states.REJECTED, None, None, FOLLOWING
    )


def test_a_state_set_by_a_handler_replaces_the_document_only(request_: Context) -> None:
    outcome = endings.succeeded(request_, DEFAULT_POLICY, 1, FOLLOWING)
    changed = endings.custom(request_, DEFAULT_POLICY, outcome, "ARCHIVED", {"at": "home"})
    assert changed.publish == FOLLOWING
    assert changed.state == "ARCHIVED"
    assert document(changed)["result"] == {"at": "home"}
    silent = outcome._replace(document=None)
    assert endings.custom(request_, DEFAULT_POLICY, silent, "ARCHIVED", 1) == silent


def test_what_cannot_be_run_is_a_failure_and_a_dead_letter() -> None:
    claim = Claim("id", "1:5", False, "id", "default", 5, b"odd")
    outcome = endings.unrunnable(claim, ERROR)
    assert outcome.state == states.FAILURE
    assert outcome.dead is not None
    assert json.loads(outcome.dead) == {
        "reason": "ValueError",
        "detail": "broken",
        "traceback": None,
    }
    assert document(outcome)["result"]["exc_message"] == ["broken"]
