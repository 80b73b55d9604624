"""Runs one script beside the library and beside Celery, to compare what it prints."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import parity

SCRIPTS = Path(__file__).parent / "scripts"

Run = Callable[..., Any]


def _run(side: str, script: str, given: Any) -> Any:
    done = subprocess.run(
        [str(parity.python(side)), str(SCRIPTS / script), side],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env=parity.environment(side),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def ours() -> Run:
    """Return a function that runs a script with the library: (script, input) -> output."""
    return lambda script, given=None: _run("taskhub", script, given)


@pytest.fixture
def celerys() -> Run:
    """Return a function that runs a script with Celery: (script, input) -> output."""
    return lambda script, given=None: _run("celery", script, given)
