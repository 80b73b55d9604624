"""Counts in bins: right sums, each minute that is over is read once, and what is not read yet is known as such."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import cast

import pytest

from taskhub.engine.port.engine import Engine
from taskhub.statistics import failures, summarize
from taskhub.statistics.tally import fields_of, tally
from taskhub.web.queries.bins import SPANS, bin_range, minutes_of_bin
from taskhub.web.queries.outcome_bins import Bin, OutcomeBins

NOW = 29_000_017


class Counts:
    """The part of an engine that counts, with some counts in each minute.

    Args:
        now: The present minute.
    """

    def __init__(self, now: int = NOW) -> None:
        self.now = now
        #: How often each minute was read.
        self.read: Counter[int] = Counter()

    def current_minute(self) -> int:
        return self.now

    def counts(self, minutes: Sequence[int]) -> list[dict[str, int]]:
        self.read.update(minutes)
        return [counts_of(minute) for minute in minutes]

    def failures(self, minutes: Sequence[int]) -> list[dict[str, str]]:
        return [failures_of(minute) for minute in minutes]


@cache
def counts_of(minute: int) -> dict[str, int]:
    """Return what has ended in a minute."""
    chosen = random.Random(minute)
    fields: Counter[str] = Counter()
    for _ in range(20):
        end = chosen.choice(("done", "failed", "retried", "revoked", "ignored", "requeued"))
        task, queue = f"task{chosen.randrange(3)}", f"queue{chosen.randrange(3)}"
        fields.update(fields_of(tally(task, queue, end, chosen.random(), chosen.random())))
    # Of a version that counts more.
    return {**fields, "task0\nqueue0\n?x": 1, "odd": 2}


def failures_of(minute: int) -> dict[str, str]:
    """Return what has failed in a minute."""
    if not any(field.endswith("=failed") for field in counts_of(minute)):
        return {}
    chosen = random.Random(minute)
    found: dict[str, str] = {}
    for number in range(2):
        field = f"task{number}\nqueue0\nError{chosen.randrange(2)}"
        found |= {field: str(chosen.randrange(1, 9)), f"{field}\n": f"text {minute}\nid{minute}"}
    return found


@pytest.fixture
def counts() -> Counts:
    return Counts()


@pytest.fixture
def bins(counts: Counts) -> OutcomeBins:
    return OutcomeBins(cast(Engine, counts))


def check(found: Bin, minutes: Sequence[int]) -> None:
    """Hold a bin against the sums of its minutes."""
    outcomes: Counter[str] = Counter()
    by_task, by_queue, failed = Counter[str](), Counter[str](), Counter[str]()
    run, wait = Counter[int](), Counter[int]()
    for subject, summary in summarize([counts_of(minute) for minute in minutes]).items():
        outcomes.update(
            succeeded=summary.done + summary.ignored, failed=summary.failed,
            retried=summary.retried, revoked=summary.revoked,
        )  # fmt: skip
        by_task[subject.task] += summary.ended
        by_queue[subject.queue] += summary.ended
        failed[subject.task] += summary.failed
        run.update(summary.run.buckets)
        wait.update(summary.wait.buckets)
    assert +Counter(found.outcomes) == +outcomes
    assert +Counter(found.ended_by_task) == +by_task
    assert +Counter(found.ended_by_queue) == +by_queue
    assert +Counter(found.failed_by_task) == +failed
    assert (Counter(found.run), Counter(found.wait)) == (run, wait)
    assert sum(sum(each.values()) for each in found.run_by_task.values()) == run.total()
    kinds: Counter[tuple[str, str]] = Counter()
    for subject, each in failures([failures_of(minute) for minute in minutes]).items():
        for one in each:
            kinds[subject.task, one.kind] += one.times
            assert found.examples[subject.task, one.kind].task_id == one.task_id
    assert found.failures == kinds


@pytest.mark.parametrize("span", SPANS)
def test_bins_are_the_sums_of_their_minutes(bins: OutcomeBins, counts: Counts, span: str) -> None:
    found = bins.read(span, patience=60)

    assert [each.number for each in found] == list(bin_range(span, NOW * 60))
    for each in found[-5:]:
        assert each.is_known
        check(each, [minute for minute in minutes_of_bin(span, each.number) if minute <= NOW])
    # The present bin is not read anew each time, and neither is one that ends.
    counts.now += 70
    later = bins.read(span, patience=60)
    for each in later[-5:]:
        minutes = minutes_of_bin(span, each.number)
        check(each, [minute for minute in minutes if minute <= counts.now])


def test_a_minute_that_is_over_is_read_once(bins: OutcomeBins, counts: Counts) -> None:
    bins.read("72h", patience=60)
    counts.read.clear()

    for _ in range(3):
        bins.read("72h", patience=60)
    assert counts.read == {NOW: 3}
    counts.read.clear()
    counts.now += 61
    bins.read("72h", patience=60)
    bins.read("72h", patience=60)
    assert counts.read == {
        **dict.fromkeys(range(NOW, counts.now), 1),
        counts.now: 2,
    }


def test_without_time_the_newest_bins_are_read_first(bins: OutcomeBins) -> None:
    known = [each.is_known for each in bins.read("72h", patience=0)]
    assert known == [False] * 70 + [True] * 2
    assert all(each.is_known for each in bins.read("1h", patience=0))

    known = [each.is_known for each in bins.read("72h", patience=0)]
    assert known == [False] * 69 + [True] * 3


def test_all_is_read_ahead_in_small_steps(bins: OutcomeBins, counts: Counts) -> None:
    steps = 0
    while bins.read_ahead():
        steps += 1
        assert counts.read.total() <= 60
        counts.read.clear()

    assert 90 < steps < 110
    for span in SPANS:
        assert all(each.is_known for each in bins.read(span, patience=0))


def kept(bins: OutcomeBins) -> int:
    return sum(len(each) for each in bins._kept.values())


def test_bins_that_have_left_their_span_are_dropped_by_reading_ahead(
    bins: OutcomeBins, counts: Counts
) -> None:
    most = sum(span.bins - 1 for span in SPANS.values())
    for _ in range(3):
        while bins.read_ahead():
            pass
        assert kept(bins) == most
        counts.now += 5000
    bins.read("1h")
    assert kept(bins) == most, "a page drops only those of its own span"


def test_no_bin_is_lost_while_a_page_reads_another_span(bins: OutcomeBins, counts: Counts) -> None:
    while bins.read_ahead():
        pass
    for _ in range(500):
        counts.now += 1
        bins.read("1h", patience=60)
        bins.read_ahead()
    counts.read.clear()
    for span in SPANS:
        assert all(each.is_known for each in bins.read(span, patience=0))
    assert counts.read.total() <= SPANS["72h"].step // 60 + SPANS["24h"].step // 60 + 1
