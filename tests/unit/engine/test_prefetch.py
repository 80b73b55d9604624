"""How many messages a process holds."""

from __future__ import annotations

from taskhub.engine.dramatiq.prefetch import AHEAD, MOST_AHEAD, Prefetch

#: Just now: a thread has begun a message.
NOW = 0.0


def after(threads: int, *runtimes: float) -> Prefetch:
    """Return the prefetch of a process that ran such tasks."""
    prefetch = Prefetch(threads)
    for runtime in runtimes:
        prefetch.observe(runtime)
    return prefetch


def test_before_anything_ran_only_what_can_run_is_held() -> None:
    assert after(4).target == 4
    assert after(4).wanted(0, NOW) == 4
    assert after(4).wanted(4, NOW) == 0


def test_quick_tasks_are_held_ahead_up_to_a_bound() -> None:
    assert after(2, 0.01).target == 2 + int(2 * AHEAD / 0.01)
    assert after(2, 0.000_001).target == 2 + MOST_AHEAD
    assert after(2, 0.0).target == 2 + MOST_AHEAD


def test_one_long_task_ends_hoarding_at_once() -> None:
    assert after(2, *[0.001] * 50, 1.0).target == 2


def test_quick_tasks_bring_it_back_gradually() -> None:
    prefetch = after(2, 1.0, *[0.001] * 20)
    assert prefetch.target == 2
    for _ in range(100):
        prefetch.observe(0.001)
    assert prefetch.target > 2


def test_more_is_claimed_when_half_of_what_was_held_ahead_is_used_up() -> None:
    prefetch = after(1, 0.000_001)
    target = prefetch.target
    assert prefetch.wanted(target // 2 + 1, NOW) == 0
    assert prefetch.wanted(target // 2, NOW) == target - target // 2


def test_nothing_is_claimed_ahead_while_every_thread_is_held_up() -> None:
    prefetch = after(2, 0.000_001)
    assert prefetch.wanted(2, AHEAD * 2) == 0
    assert prefetch.wanted(2, NOW) > 0
    # One thread is free.
    assert prefetch.wanted(1, AHEAD * 2) > 0


def test_a_bound_is_kept_however_fast_tasks_are() -> None:
    prefetch = Prefetch(4)
    prefetch.observe(0.0)
    assert prefetch.target > 16
    prefetch.maximum = 8
    assert prefetch.target == 8
    assert prefetch.wanted(0, 0.0) == 8
