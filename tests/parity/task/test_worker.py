"""What tasks see and leave in a worker: the same calls to a real Celery worker and to one of ours."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support import parity
from tests.support.servers import Server, start_valkey

FOLDER = Path(__file__).parent / "worker"
COMMANDS = {
    "celery": ("celery", "-A", "tasks", "worker", "-P", "solo", "-l", "ERROR", "--without-mingle"),
    "taskhub": ("dramatiq", "tasks", "-p", "1", "-t", "1"),
}
CASES = [
    "plain",
    "empty",
    "headers",
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
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with start_valkey(tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest.fixture(scope="module")
def outcomes(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return what came of every call, by library."""
    folder = tmp_path_factory.mktemp("workers")
    stores = {"celery": server.url, "taskhub": server.url.removesuffix("0") + "1"}
    with ThreadPoolExecutor(2) as threads:
        found = threads.map(lambda library: _run(library, stores[library], folder), stores)
        return dict(zip(stores, found, strict=True))


def _run(library: str, store: str, folder: Path) -> dict[str, Any]:
    environment = parity.environment(library, STORE=store, C_FORCE_ROOT="1")
    environment["PYTHONPATH"] = f"{FOLDER}:{environment['PYTHONPATH']}"
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
                [python, str(FOLDER / "client.py")],
                env=environment,
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
        finally:
            worker.terminate()
            worker.wait(20)
    assert client.returncode == 0, client.stderr + log.read_text()
    found: dict[str, Any] = json.loads(client.stdout)
    return found


@pytest.mark.parametrize("name", CASES)
def test_same_as_celery(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    assert outcomes["taskhub"][name] == outcomes["celery"][name]


def test_every_call_is_compared(outcomes: dict[str, dict[str, Any]]) -> None:
    assert list(outcomes["celery"]) == CASES
