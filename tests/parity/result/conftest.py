"""Runs one script beside the library and beside Celery, on one server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import start_valkey

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPTS = Path(__file__).parent / "scripts"

Run = Callable[..., Any]


def oracle_python() -> Path:
    """Return the interpreter that has Celery 5.7."""
    named = os.environ.get("TASKHUB_ORACLE_PYTHON")
    path = Path(named) if named else REPOSITORY / ".venv-oracle" / "bin" / "python"
    if not path.exists():
        pytest.fail(
            f"No Celery to compare with: {path} does not exist. Create the environment "
            ".venv-oracle, or name an interpreter that has celery 5.7 in TASKHUB_ORACLE_PYTHON."
        )
    return path


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server for the tests of a module."""
    with start_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server.url


@pytest.fixture
def run(url: str) -> Run:
    """Return a function that runs a script: (side, script, further arguments) -> output."""

    def run_script(side: str, script: str, *arguments: str) -> Any:
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("CELERY_", "TASKHUB_"))
        }
        environment["PYTHONPATH"] = str(REPOSITORY / "src") if side == "taskhub" else ""
        python = Path(sys.executable) if side == "taskhub" else oracle_python()
        done = subprocess.run(
            [str(python), str(SCRIPTS / script), side, url, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run_script
