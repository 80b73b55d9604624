"""Runs all scenarios beside the library and beside Celery: one worker and one client per side, both sides at a time."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support import parity
from tests.support.servers import start_valkey

PROGRAM = Path(__file__).parent / "program"
#: Every seed is one canvas by chance.
SEEDS = tuple(map(str, range(301, 321)))
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
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """What came of the scenarios of the program."""
    yield _both(tmp_path_factory.mktemp("canvas"), ())


@pytest.fixture(scope="session")
def random_outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """What came of canvases by chance."""
    yield _both(tmp_path_factory.mktemp("random"), SEEDS)


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
                timeout=110,
                check=False,
            )
        finally:
            worker.terminate()
            worker.wait(20)
    assert client.returncode == 0, client.stderr + log.read_text()[-5000:]
    found: dict[str, Any] = json.loads(client.stdout)
    return found
