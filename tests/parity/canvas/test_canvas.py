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
        value, ours = _value(theirs), _value(random_outcomes.taskhub[name])
        if _failed(value):
            # Which of several failures comes first is left to chance.
            assert _failed(ours) or _lost(value), name
        elif value != "hangs":
            assert _sorted(ours) == _sorted(value), name


def _value(outcome: Any) -> Any:
    return outcome["value"] if isinstance(outcome, dict) and "runs" in outcome else outcome


def _lost(value: Any) -> bool:
    """Return whether Celery has failed to read the values of a header."""
    return bool(value["args"] and str(value["args"][0]).startswith("Join error"))


def _sorted(value: Any) -> Any:
    """Return a value with its lists in one order: Celery turns groups inside of headers around."""
    if isinstance(value, list):
        return sorted(map(_sorted, value), key=json.dumps)
    if isinstance(value, dict):
        return {name: _sorted(item) for name, item in value.items()}
    return value


def _failed(value: Any) -> bool:
    return isinstance(value, dict) and "error" in value
