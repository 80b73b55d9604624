"""Open chords: their members come in pages, and they end as failures when the next page does not come."""

from __future__ import annotations

import pytest

from taskhub.engine.port.claims import Claim, Completion
from taskhub.engine.port.engine import Engine
from taskhub.exceptions import StoreRefused
from taskhub.message import Envelope
from taskhub.outcome import ChordPage, ChordPart, ChordPlan
from tests.contract.stage import Clock, claim_all, claim_one, ids, message, outcome
from tests.contract.test_chords import giving

WAIT = 1_000


def open_chord(engine: Engine, size: int, *body: Envelope) -> list[Claim]:
    """Send the first page of a chord, and claim it."""
    plan = ChordPlan("chord", 0, body or (message("body", "b"),))
    members = [message(f"part{index}") for index in range(size)]
    page = ChordPage("chord", size, WAIT, "lost")
    engine.enqueue(members, chords=[plan], page=page)
    return claim_all(engine)


def send_page(engine: Engine, *names: str, wait: int | None = WAIT) -> list[Claim]:
    """Send another page, and claim it."""
    page = ChordPage("chord", len(names), wait)
    engine.enqueue([message(name) for name in names], page=page)
    return claim_all(engine)


def body_is_out(engine: Engine) -> bool:
    """Whether the body waits to be run."""
    return ids(engine.waiting("b", 0, 9)) == ["body"]


def test_an_open_chord_is_not_complete_before_its_last_page(engine: Engine) -> None:
    (first,) = open_chord(engine, 1)
    engine.commit("w1", [giving(first, 0, "one")])
    (second,) = send_page(engine, "second")
    engine.commit("w1", [giving(second, 1, "two")])
    assert not body_is_out(engine)
    assert engine.chord_parts("chord") is None

    send_page(engine, wait=None)

    assert body_is_out(engine)
    assert engine.chord_parts("chord") == [b"one", b"two"]


def test_the_last_part_may_come_after_the_last_page(engine: Engine) -> None:
    first, second = open_chord(engine, 2)
    (third,) = send_page(engine, "third", wait=None)
    engine.commit("w1", [giving(third, 2, "three"), giving(first, 0, "one")])
    assert not body_is_out(engine)

    engine.commit("w1", [giving(second, 1, "two")])

    assert body_is_out(engine)
    assert engine.chord_parts("chord") == [b"one", b"two", b"three"]


def test_added_parts_stand_behind_those_of_later_pages(engine: Engine) -> None:
    (first,) = open_chord(engine, 1)
    engine.commit("w1", [giving(first, 0, "one", adds=["+x", "+y"])])
    (second,) = send_page(engine, "second", wait=None)
    engine.enqueue([message("more"), message("again")])
    more, again = claim_all(engine)
    engine.commit("w1", [giving(more, "+y", "four"), giving(second, 1, "two")])
    assert not body_is_out(engine)

    engine.commit("w1", [giving(again, "+x", "three")])

    assert body_is_out(engine)
    assert engine.chord_parts("chord") == [b"one", b"two", b"three", b"four"]


def test_an_open_chord_is_abandoned_when_the_next_page_does_not_come(
    engine: Engine, clock: Clock
) -> None:
    first, second = open_chord(engine, 2, message("body", "b"), message("other", "c"))
    engine.commit("w1", [giving(first, 0)])
    clock.advance(WAIT - 1)
    assert engine.reap_chords() == []
    clock.advance(1)

    assert engine.reap_chords() == ["chord"]

    assert engine.reap_chords() == []
    assert body_is_out(engine)
    assert ids(engine.waiting("c", 0, 9)) == ["other"]
    assert engine.chord_parts("chord") == [b"lost"]
    # What was sent runs, and completes nothing any more.
    engine.commit("w1", [giving(second, 1, adds=["+x"])])
    assert body_is_out(engine)
    assert engine.chord_parts("chord") == [b"lost"]


def test_every_page_renews_the_wait(engine: Engine, clock: Clock) -> None:
    open_chord(engine, 1)
    for names in (["second"], []):
        clock.advance(WAIT - 1)
        send_page(engine, *names)
    clock.advance(WAIT - 1)
    assert engine.reap_chords() == []

    send_page(engine, wait=None)

    clock.advance(10 * WAIT)
    assert engine.reap_chords() == []


def test_the_pages_of_a_chord_that_has_ended_are_refused(engine: Engine, clock: Clock) -> None:
    open_chord(engine, 1)
    clock.advance(WAIT)
    engine.reap_chords()

    for wait in (WAIT, None):
        with pytest.raises(StoreRefused, match="has ended as FAILURE"):
            send_page(engine, "late", wait=wait)

    assert claim_all(engine) == []


def test_a_caller_ends_its_open_chord(engine: Engine) -> None:
    open_chord(engine, 3)

    assert engine.fail_chord("chord", "the generator raised")

    assert body_is_out(engine)
    assert engine.chord_parts("chord") == [b"the generator raised"]
    assert not engine.fail_chord("chord", "again")
    assert engine.chord_parts("chord") == [b"the generator raised"]


def test_only_open_chords_can_be_ended_by_callers(engine: Engine) -> None:
    engine.enqueue([message("part")], chords=[ChordPlan("chord", 1, (message("body", "b"),))])

    assert not engine.fail_chord("chord", "no")
    assert not engine.fail_chord("unknown", "no")

    engine.commit("w1", [giving(claim_one(engine), 0, "one")])
    assert engine.chord_parts("chord") == [b"one"]


def test_a_failed_chord_is_gone_when_its_body_has_ended(engine: Engine) -> None:
    first, second = open_chord(engine, 2)
    engine.fail_chord("chord", "no")
    body = claim_one(engine, queue="b")
    engine.commit("w1", [Completion(body, outcome("body")._replace(consumed_chord="chord"))])

    engine.commit("w1", [giving(first, 0), giving(second, 1)])

    assert engine.chord_parts("chord") is None


def test_parts_of_very_large_chords_are_read(engine: Engine) -> None:
    size = 20_001
    engine.enqueue([message("all")], chords=[ChordPlan("chord", size, ())])
    claim = claim_one(engine)
    given = giving(claim, 0, "0")
    parts = tuple(ChordPart("chord", place, str(place)) for place in range(size))
    engine.commit("w1", [given._replace(outcome=given.outcome._replace(parts=parts))])

    assert engine.chord_parts("chord") == [str(place).encode() for place in range(size)]
