"""What was read a moment ago is used again, and what nobody asks for any more is dropped."""

from __future__ import annotations

from functools import partial

import pytest

from taskhub import Celery
from taskhub.web.queries import recent_reads
from taskhub.web.queries.recent_reads import MANY, OLDEST, RecentReads
from taskhub.web.queries.store_view import StoreView


class Clock:
    """A clock that stands still until it is moved."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(recent_reads, "time", made)
    return made


def names(reads: RecentReads) -> set[str]:
    assert reads._fresh.keys() <= reads._locks.keys()
    return set(reads._locks)


def test_names_that_are_no_longer_read_are_dropped(clock: Clock) -> None:
    reads = RecentReads()
    for number in range(20 * MANY):
        clock.now += 1
        assert reads.once(f"tries {number}", partial(int, number)) == number
        assert reads.once("queues", partial(int, number)) == number
        assert len(names(reads)) <= MANY + 2
    assert "queues" in names(reads)
    assert f"tries {20 * MANY - 1 - int(OLDEST)}" in names(reads)


def test_names_of_what_was_forgotten_are_dropped_too(clock: Clock) -> None:
    reads = RecentReads()
    for number in range(3 * MANY):
        reads.once(f"tries {number}", partial(int, number))
    assert len(names(reads)) == 3 * MANY, "all are recent"
    reads.forget_fresh()
    reads.once("queues", lambda: 1)
    assert names(reads) == {"queues"}


def test_one_that_is_being_read_stays(clock: Clock) -> None:
    reads = RecentReads()

    def read_others() -> int:
        for number in range(2 * MANY):
            clock.now += OLDEST + 1
            reads.once(f"tries {number}", partial(int, number))
        return 1

    assert reads.once("outer", read_others) == 1
    assert reads.once("outer", lambda: 2) == 1


def test_filters_on_queues_keep_no_more_than_a_bounded_number_of_counts(clock: Clock) -> None:
    with Celery("reads", broker="memory://", set_as_current=False) as app:
        store = StoreView(app)
        for number in range(5 * MANY):
            clock.now += 1
            store.count_tries([f"queue{number}"], 0.01)
        assert len(names(store)) <= MANY + 2
