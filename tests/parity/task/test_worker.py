"""What tasks see and leave in a worker: the same calls to a real Celery worker and to one of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import parity

FOLDER = Path(__file__).parent / "worker"
COMMANDS = {
    "celery": ("celery", "-A", "tasks", "worker", "-P", "solo", "-l", "ERROR", "--without-mingle"),
    "taskhub": ("dramatiq", "tasks", "-p", "1", "-t", "1"),
}
CASES = [
    "plain",
    "empty",
    "headers",
    "headers_named_as_parts",
    "properties",
    "options",
    "past",
    "priority",
    "by_name",
    "pickled",
    "limited",
    "retried",
    "exceeded",
    "exceeded_with",
    "automatic",
    "parent",
    "calls_itself",
    "progress",
    "own_state",
    "failing",
    "ignored",
    "expired",
    "links",
    "handled",
    "stored",
]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what came of every call, by library."""
    folder = tmp_path_factory.mktemp("workers")
    return parity.outcomes_beside_workers(FOLDER, COMMANDS, folder)


@pytest.mark.parametrize("name", CASES)
def test_same_as_celery(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    assert outcomes["taskhub"][name] == outcomes["celery"][name]


def test_every_call_is_compared(outcomes: dict[str, dict[str, Any]]) -> None:
    assert list(outcomes["celery"]) == CASES
