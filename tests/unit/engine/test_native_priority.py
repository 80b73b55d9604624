"""Dramatiq's priorities among the bands of the store: their order holds, whatever numbers they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskhub.engine.dramatiq.native_priority import NEUTRAL, Level, band_of, bands_of, level_of


def bands(*priorities: int) -> dict[int, int]:
    found = bands_of(level_of(None, priority) for priority in priorities)
    return {level.actor: band for level, band in found.items()}


def test_the_priorities_in_use_have_a_band_each() -> None:
    assert bands(5, 6, 10, 20, 100) == {0: 5, 5: 4, 6: 3, 10: 2, 20: 1, 100: 0}


def test_those_before_zero_run_before_what_names_none() -> None:
    assert bands(-10, -1, 3) == {0: 5, -1: 6, -10: 7, 3: 4}


def test_more_on_one_side_take_the_room_of_the_other() -> None:
    assert bands(*range(1, 10)) == {number: 9 - number for number in range(10)}
    assert bands(*range(-9, 0)) == {-number: number for number in range(10)}
    assert bands(-1, *range(1, 9)) == {-1: 9, **{number: 8 - number for number in range(9)}}


def test_of_too_many_the_farthest_share_a_band() -> None:
    found = bands(*range(1, 12))
    assert [found[number] for number in range(12)] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]


@given(st.sets(st.builds(level_of, st.integers(-9, 9), st.integers(-200, 200)), max_size=15))
def test_no_level_is_placed_before_a_lesser_one(levels: set[Level]) -> None:
    found = bands_of(levels)
    assert found.keys() == levels | {NEUTRAL}
    ordered = sorted(found)
    placed = [found[level] for level in ordered]
    assert placed == sorted(placed, reverse=True)
    assert all(0 <= band <= 9 for band in placed)
    if len(found) <= 10:
        assert len(set(placed)) == len(found)


@given(
    st.sets(st.builds(level_of, st.integers(-9, 9), st.integers(-20, 20)), max_size=8),
    st.builds(level_of, st.integers(-9, 9), st.integers(-20, 20)),
)
def test_a_level_that_no_actor_has_is_placed_between_its_neighbours(
    levels: set[Level], another: Level
) -> None:
    known = bands_of(levels)
    band = band_of(another, known)
    assert all(band <= known[other] for other in known if other < another)
    assert all(band >= known[other] for other in known if other > another)


@pytest.mark.parametrize(("chosen", "band"), [(1, 6), (4, 9), (9, 9)])
def test_rabbitmq_s_priorities_run_the_higher_first(chosen: int, band: int) -> None:
    assert band_of(level_of(chosen, 0), bands_of(())) == band
