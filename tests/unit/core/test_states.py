"""States compare by precedence and stay strings."""

from __future__ import annotations

from taskhub import states


def test_precedence() -> None:
    state = states.state

    assert state(states.PENDING) < state("PROGRESS") < state(states.FAILURE) < states.SUCCESS
    assert state("ONE") <= state("OTHER") <= state("ONE")
    assert state("PENDING") == "PENDING"
    assert len({state("PENDING"), "PENDING"}) == 1
    assert max([state("SUCCESS"), state("REVOKED")]) == "SUCCESS"
