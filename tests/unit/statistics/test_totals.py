"""Counters of Prometheus, made of counts that are forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from taskhub.statistics.totals import LONGEST_GAP, Totals


class Counted:
    """What the store has counted, by the minute."""

    def __init__(self) -> None:
        self.minutes: dict[int, dict[str, int]] = {}
        self.asked: list[int] = []

    def __call__(self, minutes: Sequence[int]) -> list[Mapping[str, int]]:
        self.asked.append(len(minutes))
        return [dict(self.minutes.get(minute, {})) for minute in minutes]


def test_counts_grow_from_the_first_look_on() -> None:
    totals, counted = Totals(), Counted()
    counted.minutes[9] = {"a": 100}
    counted.minutes[10] = {"a": 5}
    assert totals.read(10, counted) == {}
    counted.minutes[10] = {"a": 7, "b": 1}
    assert totals.read(10, counted) == {"a": 2, "b": 1}
    assert totals.read(10, counted) == {"a": 2, "b": 1}


def test_what_is_counted_between_two_looks_counts_once() -> None:
    totals, counted = Totals(), Counted()
    totals.read(10, counted)
    counted.minutes |= {10: {"a": 1}, 11: {"a": 2}, 12: {"a": 4}}
    assert totals.read(12, counted) == {"a": 7}
    counted.minutes |= {12: {"a": 5}, 13: {"a": 1}}
    del counted.minutes[10]
    assert totals.read(13, counted) == {"a": 9}


def test_a_long_silence_costs_no_more_than_an_hour_of_reading() -> None:
    totals, counted = Totals(), Counted()
    totals.read(10, counted)
    counted.minutes |= {10: {"a": 1}, 5000: {"a": 2}}
    assert totals.read(5000, counted) == {"a": 2}
    assert max(counted.asked) == LONGEST_GAP + 1


def test_a_clock_that_goes_back_takes_nothing_away() -> None:
    totals, counted = Totals(), Counted()
    counted.minutes = {9: {"a": 3}, 10: {"a": 1}}
    totals.read(10, counted)
    counted.minutes[10] = {"a": 4}
    assert totals.read(10, counted) == {"a": 3}
    before = totals.read(9, counted)
    assert before["a"] >= 3
