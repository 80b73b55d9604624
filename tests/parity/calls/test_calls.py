"""Errbacks, requests, retries and canvases come to the same as with a worker of Celery."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support import parity
from tests.support.shared_results import shared_json

FOLDER = Path(__file__).parent / "program"
WORKER = ("celery", "-A", "program", "worker", "-c", "2", "-l", "ERROR", "--without-gossip")
COMMANDS = {"celery": (*WORKER, "--without-mingle"), "taskhub": WORKER}

#: What is better here, or refused in other words; see docs/differences.md.
OURS = {
    "bare_tasks_in_a_group": "raised TypeError('A canvas consists of signatures, as task.s() makes them, not of ",
    "bare_task_as_a_body": 2,
    # In Celery the task never ends.
    "what_json_cannot_hold": "<thing>",
    # Celery's stored exception says nothing of what was wrong.
    "models": [3, "ValidationError: 1 validation error for Model", None],
}
#: What Celery cannot do.
ONLY_OURS = {
    "errback_that_is_a_coroutine_function": [["fail", "ValueError('boom')", True]],
    "coroutines_of_ordinary_functions": [2, 2],
    "stored_arguments_that_json_cannot_hold": ["<thing>"],
}

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what each case came to, by library."""
    return shared_json(
        tmp_path_factory,
        "calls",
        lambda folder: parity.outcomes_beside_workers(FOLDER, COMMANDS, folder, timeout=250),
    )


def _shown(value: Any) -> str:
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", json.dumps(value))


def test_calls_come_to_the_same_as_in_celery(outcomes: dict[str, dict[str, Any]]) -> None:
    different = [
        f"{name}\n  celery  {_shown(theirs)}\n  taskhub {_shown(outcomes['taskhub'].get(name))}"
        for name, theirs in outcomes["celery"].items()
        if name not in OURS and _shown(theirs) != _shown(outcomes["taskhub"].get(name))
    ]
    assert len(outcomes["celery"]) == 35
    assert not different, "\n".join(different)


@pytest.mark.parametrize("name", OURS)
def test_what_differs_is_as_described(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    expected, found = OURS[name], outcomes["taskhub"][name]
    if isinstance(expected, str):
        assert found.startswith(expected)
    else:
        assert found == expected


@pytest.mark.parametrize("name", ONLY_OURS)
def test_what_only_we_can_do(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    assert outcomes["taskhub"][name] == ONLY_OURS[name]
