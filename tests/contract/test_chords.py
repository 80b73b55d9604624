"""Chords: the body is published with the last part, once."""

from __future__ import annotations

from collections.abc import Iterable

from taskhub.engine.port.claims import Claim, Completion
from taskhub.engine.port.engine import Engine
from taskhub.message import Envelope
from taskhub.outcome import ChordExtension, ChordPart, ChordPlan, Document
from tests.contract.stage import (
    Clock,
    claim_all,
    claim_one,
    completion,
    document,
    ids,
    message,
    outcome,
    state_of,
)


def giving(
    claim: Claim, place: int | str, value: str = "v", *, adds: Iterable[str] = ()
) -> Completion:
    """Return a completion that gives a part, and may add others."""
    parts = (ChordPart("chord", place, value),)
    extends = tuple(ChordExtension("chord", label) for label in adds)
    return Completion(claim, outcome(claim.task_id)._replace(parts=parts, extends=extends))


def begin(engine: Engine, size: int, *body: Envelope) -> list[Claim]:
    """Store a chord with its header, and claim that."""
    header = [message(f"part{index}") for index in range(size)]
    engine.enqueue(header, chords=[ChordPlan("chord", size, body)])
    return claim_all(engine)


def test_the_last_part_publishes_the_body(engine: Engine) -> None:
    first, second, third = begin(engine, 3, message("body", "b", priority=8))
    engine.commit("w1", [giving(third, 2, "three"), giving(first, 0, "one")])
    assert engine.chord_parts("chord") is None
    assert engine.waiting("b", 0, 9) == []

    engine.commit("w1", [giving(second, 1, "two")])

    assert engine.waiting("b", 0, 9) == [message("body", "b", priority=8)]
    assert engine.chord_parts("chord") == [b"one", b"two", b"three"]


def test_a_body_may_be_delayed_and_have_many_messages(engine: Engine, clock: Clock) -> None:
    (claim,) = begin(engine, 1, message("x", delay=10), message("y"), message("z"))

    engine.commit("w1", [giving(claim, 0)])

    assert ids(claim_all(engine)) == ["y", "z"]
    clock.advance(10)
    assert ids(claim_all(engine)) == ["x"]


def test_a_part_counts_once(engine: Engine) -> None:
    first, second = begin(engine, 2, message("body", "b"))
    engine.commit("w1", [giving(first, 0, "one")])
    engine.commit("w1", [giving(second, 0, "again")])
    assert engine.waiting("b", 0, 9) == []

    engine.enqueue([message("late")])
    engine.commit("w1", [giving(claim_one(engine), 1, "two")])

    assert ids(engine.waiting("b", 0, 9)) == ["body"]
    assert engine.chord_parts("chord") == [b"one", b"two"]


def test_a_claim_that_was_taken_away_gives_nothing(engine: Engine) -> None:
    (claim,) = begin(engine, 1, message("body", "b"))
    engine.reclaim("w1")

    assert engine.commit("w1", [giving(claim, 0)]) == [False]

    assert engine.waiting("b", 0, 9) == []


def test_a_chord_ends_when_its_whole_body_has_used_it(engine: Engine) -> None:
    (claim,) = begin(engine, 1, message("x", "b"), message("y", "b"))
    engine.commit("w1", [giving(claim, 0)])
    for expected in ([b"v"], None):
        body = claim_one(engine, queue="b")
        engine.commit(
            "w1", [Completion(body, outcome(body.task_id)._replace(consumed_chord="chord"))]
        )
        assert engine.chord_parts("chord") == expected


def test_a_completion_may_begin_a_chord(engine: Engine) -> None:
    engine.enqueue([message("id")])
    plan = ChordPlan("chord", 1, (message("body", "b"),))
    follow = completion(claim_one(engine), publish=[message("part")])
    engine.commit("w1", [follow._replace(outcome=follow.outcome._replace(chords=(plan,)))])

    engine.commit("w1", [giving(claim_one(engine), 0)])

    assert ids(engine.waiting("b", 0, 9)) == ["body"]


def test_an_open_chord_stays_as_it_is(engine: Engine) -> None:
    (claim,) = begin(engine, 1, message("body", "b"))
    engine.enqueue([], chords=[ChordPlan("chord", 5, (message("other", "b"),))])

    engine.commit("w1", [giving(claim, 0)])

    assert ids(engine.waiting("b", 0, 9)) == ["body"]


def test_a_task_can_add_parts_to_its_chord(engine: Engine) -> None:
    first, second = begin(engine, 2, message("body", "b"))
    engine.commit("w1", [giving(first, 0, "one", adds=["+x", "+y"])])
    engine.commit("w1", [giving(second, 1, "two")])
    for label, value in (("+y", "four"), ("+x", "three")):
        assert engine.waiting("b", 0, 9) == []
        assert engine.chord_parts("chord") is None
        engine.enqueue([message("more")])
        engine.commit("w1", [giving(claim_one(engine), label, value)])

    assert ids(engine.waiting("b", 0, 9)) == ["body"]
    assert engine.chord_parts("chord") == [b"one", b"two", b"three", b"four"]


def test_a_part_that_comes_before_it_is_added_counts_from_then_on(engine: Engine) -> None:
    (first,) = begin(engine, 1, message("body", "b"))
    engine.enqueue([message("early"), message("late")])
    early, late = claim_all(engine)
    engine.commit("w1", [giving(early, "+x", "two")])
    assert engine.waiting("b", 0, 9) == []

    engine.commit("w1", [giving(first, 0, "one", adds=["+x", "+y"])])
    assert engine.waiting("b", 0, 9) == []
    engine.commit("w1", [giving(late, "+y", "three")])

    assert ids(engine.waiting("b", 0, 9)) == ["body"]
    assert engine.chord_parts("chord") == [b"one", b"two", b"three"]


def test_a_part_that_is_never_added_does_not_count(engine: Engine) -> None:
    (first,) = begin(engine, 1, message("body", "b"))
    engine.enqueue([message("early")])
    engine.commit("w1", [giving(claim_one(engine), "+x", "wrong")])

    engine.commit("w1", [giving(first, 0, "one")])

    assert ids(engine.waiting("b", 0, 9)) == ["body"]
    assert engine.chord_parts("chord") == [b"one"]


def test_a_label_counts_once(engine: Engine) -> None:
    first, second = begin(engine, 2, message("body", "b"))
    engine.commit("w1", [giving(first, 0, "one", adds=["+x", "+x"])])
    engine.commit("w1", [giving(second, 1, "two", adds=["+x"])])
    engine.enqueue([message("more"), message("again")])
    for claim in claim_all(engine):
        engine.commit("w1", [giving(claim, "+x", claim.task_id)])

    assert ids(engine.waiting("b", 0, 9)) == ["body"]
    assert engine.chord_parts("chord") == [b"one", b"two", b"more"]


def test_a_delivery_that_was_taken_away_adds_nothing(engine: Engine) -> None:
    (first,) = begin(engine, 1, message("body", "b"))
    engine.reclaim("w1")
    again = claim_one(engine)

    assert engine.commit("w1", [giving(first, 0, "wrong", adds=["+x"])]) == [False]
    engine.commit("w1", [giving(again, 0, "right")])

    assert engine.chord_parts("chord") == [b"right"]


def test_nothing_is_added_to_a_complete_chord(engine: Engine) -> None:
    (first,) = begin(engine, 1, message("body", "b"))
    engine.commit("w1", [giving(first, 0, "one")])
    engine.enqueue([message("late")])

    engine.commit("w1", [giving(claim_one(engine), 0, "again", adds=["+x"])])

    assert ids(engine.waiting("b", 0, 9)) == ["body"]
    assert engine.chord_parts("chord") == [b"one"]


def test_an_unknown_chord_takes_nothing(engine: Engine) -> None:
    engine.enqueue([message("id")])

    assert engine.commit("w1", [giving(claim_one(engine), 0, adds=["+x"])]) == [True]

    assert engine.chord_parts("chord") is None
    engine.enqueue([message("id")])
    assert engine.commit("w1", [giving(claim_one(engine), "+x")]) == [True]
    assert engine.chord_parts("chord") is None


def test_documents_of_other_tasks_end_with_the_task(engine: Engine) -> None:
    engine.enqueue([message("id")])
    others = (Document("next", document("next", "FAILURE")),)
    claim = claim_one(engine)

    failed = Completion(claim, outcome("id", "FAILURE")._replace(documents=others))
    engine.commit("w1", [failed])

    assert [state_of(engine, name) for name in ("id", "next")] == ["FAILURE", "FAILURE"]
