"""Options of the calls of periodic jobs are checked where the entries are read."""

from __future__ import annotations

from typing import Any

import pytest

from taskhub.schedules.entry import EntryError, read_entry


@pytest.mark.parametrize(
    "options",
    [
        *({"queue": queue} for queue in ("a\nb", "", 5)),
        *({"expires": expires} for expires in ("soon", 10**16)),
        {"priority": "high"},
        {"link": 5},
        {"headers": [1]},
        {"time_limit": -1},
    ],
    ids=repr,
)
def test_an_option_that_cannot_be_used_is_a_problem_of_the_entry(options: dict[str, Any]) -> None:
    with pytest.raises(EntryError, match=f"^entry 'hourly': .*{next(iter(options))}"):
        read_entry("hourly", {"task": "t", "schedule": 60, "options": options}, None)


@pytest.mark.parametrize("task", ["a\nb", "\ud800"])
def test_the_name_of_the_task_is_checked(task: str) -> None:
    with pytest.raises(EntryError, match=r"^entry 'hourly': the name of the task"):
        read_entry("hourly", {"task": task, "schedule": 60}, None)


def test_options_that_can_be_used_are_kept() -> None:
    options = {"queue": "q", "expires": 60, "app_id": "own"}
    entry = read_entry("hourly", {"task": "t", "schedule": 60, "options": options}, None)
    assert entry.options == options
