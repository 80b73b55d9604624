"""What becomes of messages that were given up."""

from __future__ import annotations

from taskhub.engine.port.engine import Engine
from tests.contract.stage import Clock, claim_all, claim_one, completion, ids, is_notified, message


def give_up(engine: Engine, *names: str) -> None:
    """Make dead letters."""
    engine.enqueue([message(name) for name in names])
    engine.commit("w1", [completion(claim, "FAILURE", dead='"why"') for claim in claim_all(engine)])
    is_notified(engine)


def test_one_is_found_by_its_key(engine: Engine) -> None:
    give_up(engine, "a", "b")

    letter = engine.dead_letter("b")

    assert letter is not None
    assert (letter.key, letter.reason, letter.envelope) == ("b", '"why"', message("b"))
    assert engine.dead_letter("c") is None
    assert engine.dead_count() == 2


def test_a_retried_one_runs_again_as_a_new_delivery(engine: Engine) -> None:
    give_up(engine, "a", "b", "c")

    assert engine.retry_dead_letters(["c", "unknown", "a"]) == ["c", "a"]

    assert is_notified(engine)
    assert [letter.key for letter in engine.dead_letters(0, 9)] == ["b"]
    claims = claim_all(engine)
    assert ids(claims) == ["c", "a"]
    assert [claim.delivery for claim in claims] == [1, 1]


def test_a_retried_one_whose_id_waits_again_runs_beside_it(engine: Engine) -> None:
    give_up(engine, "a")
    engine.enqueue([message("a")])

    assert engine.retry_dead_letters(["a"]) == ["a"]

    assert ids(claim_all(engine)) == ["a", "a"]


def test_one_that_is_deleted_is_gone(engine: Engine) -> None:
    give_up(engine, "a", "b")

    assert engine.delete_dead_letters(["a", "unknown"]) == ["a"]

    assert engine.dead_letter("a") is None
    assert engine.retry_dead_letters(["a"]) == []
    assert engine.dead_count() == 1


def test_nothing_is_retried_or_deleted_without_keys(engine: Engine) -> None:
    give_up(engine, "a")

    assert engine.retry_dead_letters([]) == []
    assert engine.delete_dead_letters([]) == []
    assert engine.dead_count() == 1


def test_one_is_forgotten_in_time(engine: Engine, clock: Clock) -> None:
    give_up(engine, "a")
    clock.advance(engine.rules.dead_letter_ttl)
    engine.renew([], 1)

    assert engine.dead_letter("a") is None
    assert engine.dead_count() == 0


def test_a_retried_one_can_die_again(engine: Engine) -> None:
    give_up(engine, "a")
    engine.retry_dead_letters(["a"])
    engine.commit("w1", [completion(claim_one(engine), "FAILURE", dead='"again"')])

    assert [letter.reason for letter in engine.dead_letters(0, 9)] == ['"again"']


def test_another_one_of_the_same_task_keeps_both(engine: Engine) -> None:
    give_up(engine, "a", "a")

    second, first = (letter.key for letter in engine.dead_letters(0, 9))
    assert {first, second} > {"a"}
    # Both are sent again as messages of one task, and given up in the other order.
    assert engine.retry_dead_letters([first, second]) == [first, second]
    for claim in claim_all(engine):
        engine.commit("w1", [completion(claim, "FAILURE", dead='"again"')])

    letters = engine.dead_letters(0, 9)
    assert [letter.envelope for letter in letters] == [message("a"), message("a")]
    assert engine.retry_dead_letters([letters[0].key, letters[1].key])
    assert ids(claim_all(engine)) == ["a", "a"]


def test_one_that_meets_another_under_its_key_replaces_none(engine: Engine) -> None:
    give_up(engine, "a")
    give_up(engine, "a")

    first, second = engine.dead_letters(0, 9)

    assert first.key == "a"
    assert second.key.startswith("a\n")
    assert engine.dead_letter(second.key) == second
