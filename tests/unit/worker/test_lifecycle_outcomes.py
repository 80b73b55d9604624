"""What is written when a task ends, as pure functions of what happened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taskhub import states
from taskhub.engine.dramatiq.delivery import Delivery
from taskhub.engine.port.claims import Claim
from taskhub.exceptions import EncodeError
from taskhub.execution import outcomes
from taskhub.execution.outcomes import DEFAULT_POLICY, ResultPolicy
from taskhub.execution.request import Context
from taskhub.message import Envelope, encode_body
from taskhub.outcome import ChordPlan, Outcome

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
    outcome = outcomes.succeeded(request_, DEFAULT_POLICY, {"x": 1}, FOLLOWING)
    assert outcome.state == states.SUCCESS
    assert outcome.publish == FOLLOWING
    assert outcome.dead is None
    assert document(outcome)["result"] == {"x": 1}


def test_a_value_that_cannot_be_stored_is_an_error(request_: Context) -> None:
    with pytest.raises(EncodeError):
        outcomes.succeeded(request_, DEFAULT_POLICY, object())


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
    assert (outcomes.succeeded(request_, policy, 1).document is not None) is stored
    assert (outcomes.failed(request_, policy, ERROR, None).document is not None) is stored
    assert (outcomes.retried(request_, policy, ERROR, None, ()).document is not None) is stored
    assert (outcomes.revoked(request_, policy, "revoked").document is not None) is stored


def test_errors_may_be_stored_though_results_are_not(request_: Context) -> None:
    policy = ResultPolicy(ignore_result=True, store_errors_even_if_ignored=True)
    assert outcomes.succeeded(request_, policy, 1).document is None
    assert document(outcomes.failed(request_, policy, ERROR, "the traceback")) | {
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
    assert outcomes.succeeded(request_, policy, 1).ttl == 1_000
    assert outcomes.failed(request_, policy, ERROR, None).ttl is None


def test_a_retry_is_not_done(request_: Context) -> None:
    outcome = outcomes.retried(request_, DEFAULT_POLICY, ERROR, "the traceback", FOLLOWING)
    assert outcome.state == states.RETRY
    assert outcome.publish == FOLLOWING
    assert document(outcome)["date_done"] is None


def test_what_is_ignored_stores_nothing(request_: Context) -> None:
    assert outcomes.ignored(request_, FOLLOWING) == Outcome(
        "id", states.IGNORED, None, None, FOLLOWING
    )


def test_a_state_set_by_a_handler_replaces_the_document_only(request_: Context) -> None:
    outcome = outcomes.succeeded(request_, DEFAULT_POLICY, 1, FOLLOWING)
    changed = outcomes.custom(request_, DEFAULT_POLICY, outcome, "ARCHIVED", {"at": "home"})
    assert changed.publish == FOLLOWING
    assert changed.state == "ARCHIVED"
    assert document(changed)["result"] == {"at": "home"}
    silent = outcome._replace(document=None)
    assert outcomes.custom(request_, DEFAULT_POLICY, silent, "ARCHIVED", 1) == silent


def test_what_cannot_be_run_is_a_failure_and_a_dead_letter() -> None:
    claim = Claim("id", "1:5", "id", "default", 5, b"odd")
    outcome = outcomes.unrunnable(claim, ERROR)
    assert outcome.state == states.FAILURE
    assert outcome.dead is not None
    assert json.loads(outcome.dead) == {
        "reason": "ValueError",
        "detail": "broken",
        "traceback": "ValueError: broken\n",
    }
    assert document(outcome)["result"]["exc_message"] == ["broken"]


def delivery(**options: Any) -> Delivery:
    """Return a delivered message with some options."""
    body = encode_body({"actor_name": "add", "args": [], "kwargs": {}, "options": options})
    return Delivery(Claim("id", "1:5", "id", "default", 7, body))


def test_what_is_requeued_goes_back_as_it_was() -> None:
    chained = delivery(chain_continuation=[["chain", 0, 9]])
    message = Envelope("id", "default", 7, chained.claim.body, 1000, chains=("chain",))
    assert outcomes.requeued(chained, 1000) == Outcome(
        "id", states.REJECTED, None, None, (message,)
    )


@pytest.mark.parametrize("state", [states.SUCCESS, states.FAILURE, states.RETRY, states.IGNORED])
def test_an_ending_gives_up_what_was_stored_for_its_message(state: str) -> None:
    told = delivery(chord_results="chord", chain_continuation=[["a", 3, 9], ["b", 0, 2]])
    outcome = Outcome("id", state)
    assert outcomes.consuming(told, outcome) == outcome._replace(
        consumed_chord="chord", consumed_chains=("a", "b")
    )
    assert outcomes.consuming(delivery(), outcome) is outcome


def test_what_messages_that_follow_tell_of_is_kept() -> None:
    told = delivery(chain_continuation=[["a", 3, 9], ["b", 0, 2], ["c", 0, 2]])
    following = FOLLOWING[0]._replace(chains=("a",))
    body = FOLLOWING[0]._replace(chains=("b",))
    outcome = Outcome(
        "id", states.SUCCESS, publish=(following,), chords=(ChordPlan("chord", 1, (body,)),)
    )
    assert outcomes.consuming(told, outcome).consumed_chains == ("c",)


def test_what_may_be_run_again_keeps_what_was_stored_for_it() -> None:
    told = delivery(chord_results="chord", chain_continuation=[["a", 3, 9]])
    back = outcomes.requeued(told)
    assert outcomes.consuming(told, back) is back
    dead = Outcome("id", states.FAILURE, dead="{}")
    assert outcomes.consuming(told, dead) is dead
