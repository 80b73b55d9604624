"""When operators are told: on what gets worse, and on what is well again, and not all the time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.actors.system import Known, Level, Problem, decide
from taskhub.actors.system.level import LEVELS
from tests.unit.actors.system.values import status


def bad(name: str, level: Level = "fail") -> Problem:
    return Problem("slow", name, level, f"{name} is {level}")


def told(known: Known, *problems: Problem, confirm: int = 2) -> tuple[Known, str | None]:
    """Return what is known after a check, told at once, and what was told."""
    after = decide(known, status(*problems), confirm)
    return after.reported(), None if after.pending is None else after.pending.kind


def test_a_bad_beginning_is_told_once() -> None:
    known, kind = told(Known(), bad("a"))
    assert kind == "worse"
    for _ in range(5):
        known, kind = told(known, bad("a"))
        assert kind is None
    assert known.state == "fail"


def test_being_well_is_not_told_at_first_and_recovery_is_when_it_lasts() -> None:
    known, kind = told(Known())
    assert (known.state, kind) == ("ok", None)
    known, _ = told(known, bad("a"))
    known, kind = told(known)
    assert (known.state, kind) == ("fail", None)
    known, kind = told(known)
    assert (known.state, kind) == ("ok", "recovered")
    assert told(known)[1] is None


def test_what_goes_up_and_down_makes_one_mail() -> None:
    known, kinds = Known(), []
    for number in range(20):
        known, kind = told(known, *([bad("a", "warn")] if number % 2 == 0 else []))
        kinds.append(kind)
    assert kinds == ["worse", *[None] * 19]


def test_something_new_and_something_worse_are_told() -> None:
    known, _ = told(Known(), bad("a", "warn"))
    after = decide(known, status(bad("a", "warn"), bad("b", "warn")))
    assert after.pending is not None
    assert [one.subject for one in after.pending.new] == ["b"]
    assert [one.subject for one in after.pending.left] == ["a"]
    worse = decide(after.reported(), status(bad("a"), bad("b", "warn"))).pending
    assert worse is not None
    assert (worse.before, worse.state, worse.kind) == ("warn", "fail", "worse")
    assert [one.level for one in (*worse.new, *worse.left)] == ["fail", "warn"]


def test_less_bad_is_told_when_the_whole_is_better() -> None:
    known, _ = told(Known(), bad("a"), bad("b", "warn"), confirm=1)
    after = decide(known, status(bad("b", "warn")), confirm=1)
    assert after.pending is not None
    assert (after.pending.kind, after.pending.state) == ("better", "warn")
    assert [one.subject for one in after.pending.gone] == ["a"]
    # One of two warnings that goes leaves the whole as it was.
    known, _ = told(Known(), bad("a", "warn"), bad("b", "warn"), confirm=1)
    known, kind = told(known, bad("b", "warn"), confirm=1)
    assert kind is None
    assert told(known, confirm=1)[1] == "recovered"


def test_a_failure_that_becomes_a_warning_is_remembered_as_one() -> None:
    known, _ = told(Known(), bad("a"), confirm=1)
    known, kind = told(known, bad("a", "warn"), confirm=1)
    assert (kind, known.state) == ("better", "warn")
    assert told(known, bad("a"), confirm=1)[1] == "worse"


def test_what_is_known_survives_the_store() -> None:
    known = decide(Known(), status(bad("a"), replace(bad("b"), value="3 s", bound="1 s")))
    assert known.pending is not None
    assert Known.from_json(known.to_json()) == known
    later = decide(known.reported(), status(bad("a")))
    assert dict(later.better) == {"slow:b": 1}
    assert Known.from_json(later.to_json().encode()) == later
    for text in ("{}", "[]", "x", '{"problems": [{}], "better": {}, "pending": null}'):
        with pytest.raises(ValueError, match=r"."):
            Known.from_json(text)


PROBLEMS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(LEVELS[1:])).map(
    lambda levels: [bad(name, level) for name, level in levels.items()]
)


@given(st.lists(PROBLEMS, max_size=12), st.integers(1, 3))
def test_whatever_comes_operators_end_up_knowing_it(
    checks: list[list[Problem]], confirm: int
) -> None:
    known = Known()
    for problems in checks:
        before = known
        known, kind = told(known, *problems, confirm=confirm)
        # What is bad is known at once; nobody is told of a state that they know.
        for problem in problems:
            assert LEVELS.index(known.problems[problem.name].level) >= LEVELS.index(problem.level)
        if kind is not None:
            assert known.problems != before.problems
        if kind in ("better", "recovered"):
            assert LEVELS.index(known.state) < LEVELS.index(before.state)
    last = checks[-1] if checks else []
    for _ in range(confirm):
        known, _ = told(known, *last, confirm=confirm)
    assert {name: one.level for name, one in known.problems.items()} == {
        problem.name: problem.level for problem in last
    }
