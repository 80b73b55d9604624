"""Priorities as Celery has them on Redis, where `queue_order_strategy` is "priority": 0 is first."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.mark.parametrize(
    "options",
    [
        {"queue_order_strategy": "priority"},
        {"queue_order_strategy": "priority", "priority_steps": list(range(10))},
        {"queue_order_strategy": "priority", "priority_steps": [0, 5]},
    ],
)
def test_the_lowest_number_is_first(run: Run, options: dict[str, Any]) -> None:
    ours, theirs = (
        run(side, "priorities.py", json.dumps(options)) for side in ("taskhub", "celery")
    )

    assert ours == theirs
    assert ours[0] == "0 b"
    assert ours.index("None f") < ours.index("9 d")


def test_without_it_nine_is_first(run: Run) -> None:
    assert run("taskhub", "priorities.py", "{}")[:3] == ["9 d", "12 k", "8 h"]
