"""Schedules and names of periodic jobs, as Sentry's monitors have them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from taskhub.contrib.sentry.monitors import LONGEST_SLUG, check_in_of, config_of, slug_of
from taskhub.schedules.schedule_format import read_schedule


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("30 7 * * mon-fri", {"type": "crontab", "value": "30 7 * * mon-fri"}),
        (timedelta(weeks=2), {"type": "interval", "value": 2, "unit": "week"}),
        (timedelta(days=3), {"type": "interval", "value": 3, "unit": "day"}),
        (7200, {"type": "interval", "value": 2, "unit": "hour"}),
        (5400, {"type": "interval", "value": 90, "unit": "minute"}),
        # Not a whole number of minutes: a monitor must not expect it too early.
        (90, {"type": "interval", "value": 2, "unit": "minute"}),
    ],
)
def test_schedules_that_sentry_knows(written: Any, expected: dict[str, Any]) -> None:
    assert config_of(read_schedule(written), "UTC") == {"schedule": expected, "timezone": "UTC"}


@pytest.mark.parametrize("written", [59, {"solar": ["sunset", 52.5, 13.4]}])
def test_schedules_that_sentry_does_not_know(written: Any) -> None:
    assert config_of(read_schedule(written), "UTC") is None


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("nightly", "nightly"),
        ("Nightly report (Köln)", "nightly-report-k-ln"),
        ("a" * 80, "a" * LONGEST_SLUG),
        ("夜间", "periodic-job"),
    ],
)
def test_names_in_the_letters_of_monitors(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_all_tries_of_a_run_are_one_check_in() -> None:
    assert check_in_of("one") == check_in_of("one") != check_in_of("two")
    assert len(check_in_of("any id, not only a UUID")) == 32
