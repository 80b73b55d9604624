"""What becomes of an outcome that the store refuses, step by step."""

from __future__ import annotations

import pytest

from taskhub import states
from taskhub.engine.dramatiq.refusals import PATIENCE, Refusals, is_large
from taskhub.engine.port.claims import Claim, Completion
from taskhub.exceptions import StoreRefused
from taskhub.execution.outcomes import unrunnable
from taskhub.message import Envelope
from taskhub.outcome import Outcome


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


CLAIM = Claim("id", "1:1", "id", "default", 5, b"")
FOLLOWING = Envelope("next", "default", 5, b"")
COMPLETION = Completion(CLAIM, Outcome("id", states.SUCCESS, "{}", publish=(FOLLOWING,)), "tally")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def refusals(clock: Clock) -> Refusals:
    return Refusals(lambda claim, error: unrunnable(claim, error), clock)


def test_a_refused_outcome_ends_as_failure_with_the_words_of_the_server(refusals: Refusals) -> None:
    instead = refusals.replace(COMPLETION, StoreRefused("WRONGTYPE of a key"))

    assert instead is not None
    assert instead.claim == CLAIM
    assert instead.outcome.state == states.FAILURE
    assert "WRONGTYPE of a key" in (instead.outcome.document or "")
    assert "WRONGTYPE of a key" in (instead.outcome.dead or "")
    assert not instead.outcome.publish


def test_less_and_less_is_tried_while_nothing_can_be_written_and_then_all_again(
    refusals: Refusals, clock: Clock
) -> None:
    refusal = StoreRefused("no")
    completion = COMPLETION
    tried = []
    for _ in range(4):
        instead = refusals.replace(completion, refusal)
        assert instead is not None
        completion = instead
        tried.append((completion.outcome.document is not None, completion.outcome.dead is not None))
        clock.now += PATIENCE

    assert tried == [(True, True), (True, True), (False, True), (True, True)]


def test_what_takes_the_place_of_an_outcome_waits_if_it_is_refused_too(
    refusals: Refusals, clock: Clock
) -> None:
    refusal = StoreRefused("WRONGTYPE of a key that all outcomes need")
    failure = refusals.replace(COMPLETION, refusal)
    assert failure is not None

    clock.now += PATIENCE - 1
    assert refusals.replace(failure, refusal) is None
    clock.now += 2
    assert refusals.replace(failure, refusal) is not None


def test_missing_rights_may_be_given_back(refusals: Refusals, clock: Clock) -> None:
    refusal = StoreRefused("NOPERM", rights=True)

    assert refusals.replace(COMPLETION, refusal) is None
    clock.now += PATIENCE - 1
    assert refusals.replace(COMPLETION, refusal) is None
    assert refusals
    clock.now += 2
    assert refusals.replace(COMPLETION, refusal) is not None


def test_what_is_settled_is_forgotten(refusals: Refusals) -> None:
    refusals.replace(COMPLETION, StoreRefused("no"))
    assert refusals

    refusals.settle("id")

    assert not refusals


@pytest.mark.parametrize(
    ("outcome", "large"),
    [
        (Outcome("id", states.SUCCESS, "x" * 600_000), True),
        (Outcome("id", states.SUCCESS, "x"), False),
        (
            Outcome("id", states.SUCCESS, None, publish=(FOLLOWING._replace(body=b"x" * 600_000),)),
            True,
        ),
    ],
)
def test_only_what_is_large_may_break_connections(outcome: Outcome, large: bool) -> None:
    assert is_large(outcome) is large
