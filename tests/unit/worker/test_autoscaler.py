"""How many processes a worker should have."""

from __future__ import annotations

from taskhub.worker.supervisor.autoscaler import (
    GROW_AFTER,
    KEEPALIVE,
    AutoscaleBounds,
    Load,
    Trend,
    decide_size,
)

BOUNDS = AutoscaleBounds(most=10, least=2)


def run(loads: list[tuple[float, int]], size: int = 2, threads: int = 4) -> list[int]:
    """Return the sizes after looks at these times with so much waiting."""
    trend, sizes = Trend(), []
    for now, waiting in loads:
        size, trend = decide_size(BOUNDS, size, Load(waiting, 0, threads), trend, now)
        sizes.append(size)
    return sizes


def test_a_backlog_that_stays_gets_a_thread_for_each_task() -> None:
    assert run([(0, 20), (1, 20), (GROW_AFTER, 20)]) == [2, 2, 5]


def test_a_burst_that_is_soon_worked_off_starts_nothing() -> None:
    assert run([(0, 1000), (1, 0), (2, 1000), (3, 0), (4, 1000)]) == [2] * 5


def test_bounds_are_kept() -> None:
    assert run([(0, 1000), (GROW_AFTER, 1000)])[-1] == 10
    assert run([(0, 0), (KEEPALIVE, 0), (2 * KEEPALIVE, 0)], size=3)[-1] == 2


def test_processes_end_when_they_were_not_needed_for_long_and_as_many_stay_as_were_needed_at_the_peak() -> (
    None
):
    quiet = [(float(second), 12 if second == 10 else 0) for second in range(int(KEEPALIVE) + 1)]
    sizes = run(quiet, size=8)
    assert sizes[:-1] == [8] * int(KEEPALIVE)
    assert sizes[-1] == 3


def test_need_between_begins_the_wait_anew() -> None:
    looks = [(0.0, 0), (KEEPALIVE - 1, 32), (KEEPALIVE, 0), (KEEPALIVE + 5, 0)]
    assert run(looks, size=8) == [8, 8, 8, 8]


def test_what_processes_have_in_hand_counts() -> None:
    trend = decide_size(BOUNDS, 2, Load(4, 8, 4), Trend(), 0)[1]
    assert decide_size(BOUNDS, 2, Load(4, 8, 4), trend, GROW_AFTER)[0] == 3


def test_bounds_that_have_changed_count_at_once() -> None:
    assert decide_size(AutoscaleBounds(4, 3), 10, Load(1000, 0, 1), Trend(), 0)[0] == 4
    assert decide_size(AutoscaleBounds(4, 3), 1, Load(0, 0, 1), Trend(), 0)[0] == 3
