"""Runs all scenarios beside the library and beside Celery: one worker and one client per side, both sides at a time."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support import parity
from tests.support.servers import start_valkey

PROGRAM = Path(__file__).parent / "program"
#: Every seed is one canvas by chance. The last six are what a run of 400 found, all of it known: groups that Celery
#: turns around, headers of which it cannot read the values, and groups as bodies of what fails.
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
    with start_valkey(folder) as server:
        stores = {"celery": server.url, "taskhub": server.url.removesuffix("0") + "1"}
        with ThreadPoolExecutor(2) as threads:
            found = threads.map(
                lambda library: _run(library, stores[library], folder, seeds), stores
            )
            return Outcomes(*found)


def _run(library: str, store: str, folder: Path, seeds: tuple[str, ...]) -> dict[str, Any]:
    environment = parity.environment(library, STORE=store, C_FORCE_ROOT="1")
    environment["PYTHONPATH"] = f"{PROGRAM}:{environment['PYTHONPATH']}"
    python = str(parity.python(library))
    log = folder / f"{library}.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [python, "-m", *COMMANDS[library]],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
        )
        try:
            client = subprocess.run(
                [python, str(PROGRAM / "client.py"), *seeds],
                env=environment,
                capture_output=True,
                text=True,
                timeout=240,
                check=False,
            )
        finally:
            worker.terminate()
            worker.wait(20)
    assert client.returncode == 0, client.stderr + log.read_text()[-5000:]
    found: dict[str, Any] = json.loads(client.stdout)
    return found
