"""What counts add up to, and how far a duration that is told from its bucket may be off."""

from __future__ import annotations

import random
import statistics
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from taskhub.statistics import Durations, Summary, summarize, total
from taskhub.statistics.buckets import LAST, bucket_of, middle, upper_bound
from taskhub.statistics.tally import Subject, fields_of, read_field, tally

DURATIONS = st.floats(0.00101, 9 * 24 * 3600)
ERROR = 2**0.25 * (1 + 1e-6)


@given(DURATIONS)
def test_a_bucket_tells_a_duration_within_19_percent(seconds: float) -> None:
    assert seconds / ERROR <= middle(bucket_of(seconds)) <= seconds * ERROR


@given(DURATIONS, DURATIONS)
def test_longer_durations_are_not_in_lower_buckets(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert bucket_of(low) <= bucket_of(high)


def test_bounds_belong_to_the_bucket_that_they_end() -> None:
    assert [bucket_of(upper_bound(bucket)) for bucket in range(LAST)] == list(range(LAST))


def test_what_is_out_of_range_has_a_bucket() -> None:
    assert (bucket_of(0), bucket_of(-1), bucket_of(1e12)) == (0, 0, LAST)


def test_median_and_p95_are_those_of_the_values() -> None:
    values = [random.Random(7).lognormvariate(-2, 1.5) for _ in range(5000)]
    told = Durations(Counter(map(bucket_of, values)))
    cuts = statistics.quantiles(values, n=100)
    assert told.count == 5000
    assert 1 / ERROR <= (told.median or 0) / cuts[49] <= ERROR
    assert 1 / ERROR <= (told.p95 or 0) / cuts[94] <= ERROR
    assert 0.8 <= told.total / sum(values) <= 1.25


def test_nothing_has_no_median() -> None:
    assert (Durations().median, Durations().p95, Durations().total) == (None, None, 0)


def test_fields_say_what_the_tally_said() -> None:
    text = tally("tasks.add", "default", "done", 0.003, 0.0)
    assert [read_field(field) for field in fields_of(text)] == [
        (Subject("tasks.add", "default"), "=", "done"),
        (Subject("tasks.add", "default"), "r", str(bucket_of(0.003))),
        (Subject("tasks.add", "default"), "w", "0"),
    ]
    assert fields_of(tally("tasks.add", "default", "revoked")) == ["tasks.add\ndefault\n=revoked"]


def test_a_name_with_a_line_break_is_counted_nevertheless() -> None:
    (field,) = fields_of(tally("odd\nname", "default", "failed"))
    assert read_field(field) == (Subject("odd name", "default"), "=", "failed")


def test_minutes_add_up_by_task_and_queue() -> None:
    def counted(*texts: str) -> Counter[str]:
        return Counter(field for text in texts for field in fields_of(text))

    first = counted(tally("add", "a", "done", 1, 2), tally("add", "a", "done", 1, 2))
    second = counted(
        tally("add", "a", "failed", 4),
        tally("add", "b", "retried", 1),
        tally("mul", "a", "revoked"),
    )
    found = summarize([first, second])
    assert list(found) == [Subject("add", "a"), Subject("mul", "a"), Subject("add", "b")]
    add = found["add", "a"]  # type: ignore[index]
    assert (add.done, add.failed, add.ended, add.run.count, add.wait.count) == (2, 1, 3, 3, 2)
    assert found[Subject("add", "b")] == Summary(retried=1, run=Durations({bucket_of(1): 1}))
    both = total([add, found[Subject("add", "b")]])
    assert (both.done, both.failed, both.retried, both.run.count) == (2, 1, 1, 4)


def test_fields_of_later_versions_are_passed_over() -> None:
    assert summarize([{"add\na\nx9": 1, "something else": 2, "add\na\n=done": 3}]) == {
        Subject("add", "a"): Summary(done=3)
    }
