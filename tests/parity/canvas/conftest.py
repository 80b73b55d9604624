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
def all_outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What came of the scenarios of the program, and of canvases by chance."""

    def run(folder: Path) -> dict[str, Any]:
        return parity.outcomes_beside_workers(
            PROGRAM, COMMANDS, folder, arguments=SEEDS, timeout=240
        )

    return Outcomes(**shared_json(tmp_path_factory, "canvas", run))


@pytest.fixture(scope="session")
def outcomes(all_outcomes: Outcomes) -> Outcomes:
    """What came of the scenarios of the program."""
    return _chosen(all_outcomes, by_chance=False)


@pytest.fixture(scope="session")
def random_outcomes(all_outcomes: Outcomes) -> Outcomes:
    """What came of canvases by chance."""
    return _chosen(all_outcomes, by_chance=True)


def _chosen(found: Outcomes, *, by_chance: bool) -> Outcomes:
    return Outcomes(
        *(
            {name: one for name, one in side.items() if name.startswith("seed ") == by_chance}
            for side in found
        )
    )
