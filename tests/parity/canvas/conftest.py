"""Runs all scenarios beside the library and beside Celery: one worker and one client per side, both sides at a time."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support import parity

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
    return _once("canvas", tmp_path_factory, ())


@pytest.fixture(scope="session")
def random_outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What came of canvases by chance."""
    return _once("random", tmp_path_factory, SEEDS)


def _once(name: str, factory: pytest.TempPathFactory, seeds: tuple[str, ...]) -> Outcomes:
    """Return what came of a run that all processes of one test run share."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    kept = folder / f"{name}.json"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_text(json.dumps(_both(factory.mktemp(name), seeds)))
        return Outcomes(*json.loads(kept.read_text()))


def _both(folder: Path, seeds: tuple[str, ...]) -> Outcomes:
    found = parity.outcomes_beside_workers(PROGRAM, COMMANDS, folder, arguments=seeds, timeout=240)
    return Outcomes(**found)
