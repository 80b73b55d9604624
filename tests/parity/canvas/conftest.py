"""Runs all scenarios beside the library and beside Celery: one worker and one client per side, both sides at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support import parity
from tests.support.shared_results import shared_json

PROGRAM = Path(__file__).parent / "program"
#: Every seed is one canvas by chance. The last six are what a run of 400 found, all of it known:
#: groups that Celery turns around, headers of which it cannot read the values, and groups as bodies
#: of what fails.
SEEDS = tuple(map(str, (*range(301, 321), 1003, 1022, 1064, 1168, 1289, 1235)))
COMMANDS = {
    "celery": (
        *("celery", "-A", "tasks", "worker", "-P", "threads", "-c", "4", "-l", "ERROR"),
        *("--without-mingle", "--without-gossip", "--without-heartbeat"),
    ),
    "taskhub": ("dramatiq", "tasks", "-p", "2", "-t", "4"),
}


class Outcomes(NamedTuple):
    """What came of every scenario, by its name."""

    celery: dict[str, Any]
    taskhub: dict[str, Any]


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What came of the scenarios of the program."""
    return _shared("canvas", tmp_path_factory, ())


@pytest.fixture(scope="session")
def random_outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What came of canvases by chance."""
    return _shared("random", tmp_path_factory, SEEDS)


def _shared(name: str, factory: pytest.TempPathFactory, seeds: tuple[str, ...]) -> Outcomes:
    def run(folder: Path) -> dict[str, Any]:
        return parity.outcomes_beside_workers(
            PROGRAM, COMMANDS, folder, arguments=seeds, timeout=240
        )

    return Outcomes(**shared_json(factory, name, run))
