"""When a process that ended is started again."""

from __future__ import annotations

from taskhub.worker.restart_policy import LONGEST_PAUSE, RAN_WELL_AFTER, RestartHistory


def pauses(history: RestartHistory, ends: int, ran: float = 0.0) -> list[float]:
    found = []
    for _ in range(ends):
        history = history.after(ran)
        found.append(history.pause)
    return found


def test_the_first_start_is_at_once_and_pauses_double() -> None:
    assert pauses(RestartHistory(), 5) == [0.0, 0.5, 1.0, 2.0, 4.0]


def test_pauses_have_a_bound() -> None:
    assert pauses(RestartHistory(), 2000)[-1] == LONGEST_PAUSE


def test_a_process_that_ran_well_begins_anew() -> None:
    assert RestartHistory(early_ends=7).after(RAN_WELL_AFTER) == RestartHistory()
    assert pauses(RestartHistory(), 10, ran=RAN_WELL_AFTER) == [0.0] * 10
