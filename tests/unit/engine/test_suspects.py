"""Which messages run alone, and for how long."""

from __future__ import annotations

import pytest

from taskhub.engine.dramatiq.suspect_isolation import (
    SuspectEvent,
    SuspectIsolation,
    alone_for,
    is_suspect,
)
from taskhub.engine.port.claims import Claim, ClaimBatch


def claim(delivery: int) -> Claim:
    return Claim("id", f"{delivery}:1", "id", "default", 5, b"", delivery=delivery)


@pytest.mark.parametrize(
    ("most", "suspects"),
    [(1, []), (2, [2]), (3, [3]), (5, [3, 4, 5]), (7, [3, 4, 5, 6, 7])],
)
def test_suspects_are_those_lost_more_than_once_and_not_given_up(
    most: int, suspects: list[int]
) -> None:
    assert [number for number in range(1, 10) if is_suspect(number, most)] == suspects


def test_with_each_loss_a_suspect_is_alone_for_longer_up_to_a_bound() -> None:
    assert [alone_for(number, 1000) for number in (3, 4, 5, 6, 999)] == [10, 60, 360, 360, 360]


def test_a_process_that_holds_something_takes_no_suspect() -> None:
    told: list[SuspectEvent] = []
    isolation = SuspectIsolation(5, told.append)
    assert isolation.admitted(0) == "one"
    assert isolation.admitted(1) == "none"


def test_nothing_begins_beside_a_suspect_until_it_has_ended() -> None:
    told: list[SuspectEvent] = []
    isolation = SuspectIsolation(5, told.append)
    isolation.observe(ClaimBatch([claim(3)], None), 0)
    assert isolation.admitted(1) is None
    assert not isolation.pop_ended()
    assert isolation.admitted(0) == "one"
    assert isolation.pop_ended()
    assert not isolation.pop_ended()
    assert told == [SuspectEvent.STARTED]


def test_what_is_lost_once_or_given_up_is_not_alone() -> None:
    told: list[SuspectEvent] = []
    isolation = SuspectIsolation(5, told.append)
    isolation.observe(ClaimBatch([claim(2), claim(6)], None), 0)
    assert isolation.admitted(2) == "none"


def test_beside_a_suspect_that_has_run_long_enough_others_begin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("taskhub.engine.suspects.FIRST_ALONE", 0.0)
    told: list[SuspectEvent] = []
    isolation = SuspectIsolation(5, told.append)
    isolation.observe(ClaimBatch([claim(3)], None), 0)
    assert isolation.admitted(1) == "none"


def test_a_process_makes_room_for_a_suspect_and_goes_on_if_it_cannot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[SuspectEvent] = []
    isolation = SuspectIsolation(5, told.append)
    isolation.observe(ClaimBatch([], None, suspects_left=True), 1)
    assert isolation.admitted(1) is None
    assert isolation.admitted(0) == "one"

    monkeypatch.setattr("taskhub.engine.dramatiq.suspect_isolation.EMPTYING_FOR", 0.0)
    isolation.observe(ClaimBatch([], None, suspects_left=True), 1)
    assert not told
    assert isolation.admitted(1) == "none"
    assert told == [SuspectEvent.NO_ROOM]
    isolation.observe(ClaimBatch([], None, suspects_left=True), 1)
    assert isolation.admitted(1) == "none", "it tries again after a while only"
    assert len(told) == 1
