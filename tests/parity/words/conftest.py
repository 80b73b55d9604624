"""Runs one script beside the library and beside Celery, to compare what it prints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

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


def _run(python: Path, side: str, script: str, given: Any) -> Any:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CELERY_", "TASKHUB_"))
    }
    environment["PYTHONPATH"] = str(REPOSITORY / "src") if side == "taskhub" else ""
    done = subprocess.run(
        [str(python), str(SCRIPTS / script), side],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env=environment,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def ours() -> Run:
    """Return a function that runs a script with the library: (script, input) -> output."""
    return lambda script, given=None: _run(Path(sys.executable), "taskhub", script, given)


@pytest.fixture
def celerys() -> Run:
    """Return a function that runs a script with Celery: (script, input) -> output."""
    return lambda script, given=None: _run(oracle_python(), "celery", script, given)
