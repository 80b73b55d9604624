"""Canvases beside Celery: every scenario comes to the same, or to what the table of differences says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.parity.canvas.comparing import agree
from tests.parity.canvas.conftest import SEEDS, Outcomes
from tests.parity.canvas.differences import DIFFERENCES, IGNORED

AS_JSON = ", as JSON"
#: States that tasks leave as they are (`Ignore`): nobody can wait for them.
NEVER_READY = ("ignored in a chain",)

# Both libraries run a thousand canvases first.
pytestmark = pytest.mark.timeout(300)


def test_every_scenario_is_compared(outcomes: Outcomes) -> None:
    assert list(outcomes.taskhub) == list(outcomes.celery)
    assert len(outcomes.taskhub) >= 1000
    assert DIFFERENCES.keys() <= outcomes.taskhub.keys()


def test_same_as_celery(outcomes: Outcomes) -> None:
    different = [
        f"{name}\n  celery  {json.dumps(theirs)}\n  taskhub {json.dumps(outcomes.taskhub[name])}"
        for name, theirs in outcomes.celery.items()
        if name.removesuffix(AS_JSON) not in DIFFERENCES
        and not agree(theirs, outcomes.taskhub[name])
    ]
    assert not different, "\n".join(different)


@pytest.mark.parametrize(
    "name",
    [name for name, known in DIFFERENCES.items() if known.ours is not None or known.why == IGNORED],
)
def test_difference_is_as_described(outcomes: Outcomes, name: str) -> None:
    assert _value(outcomes.taskhub[name]) == DIFFERENCES[name].ours


def test_nothing_hangs(outcomes: Outcomes, random_outcomes: Outcomes) -> None:
    for found in (outcomes.taskhub, random_outcomes.taskhub):
        hanging = [name for name, outcome in found.items() if _value(outcome) == "hangs"]
        assert [name for name in hanging if not any(text in name for text in NEVER_READY)] == []


def test_canvases_by_chance(random_outcomes: Outcomes) -> None:
    assert len(random_outcomes.taskhub) == len(SEEDS)
    for name, theirs in random_outcomes.celery.items():
        value = _value(theirs)
        # Where Celery hangs or fails there is nothing to agree with: see `test_nothing_hangs`.
        if value != "hangs" and not _failed(value):
            assert _value(random_outcomes.taskhub[name]) == value, name


def _value(outcome: Any) -> Any:
    return outcome["value"] if isinstance(outcome, dict) and "runs" in outcome else outcome


def _failed(value: Any) -> bool:
    return isinstance(value, dict) and "error" in value
