"""Runs one script beside the library and beside Celery, on one server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import parity
from tests.support.servers import start_valkey

SCRIPTS = Path(__file__).parent / "scripts"

Run = Callable[..., Any]


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """The URL of a server for one test."""
    with start_valkey(tmp_path) as server:
        yield server.url


@pytest.fixture
def run(url: str) -> Run:
    """Return a function that runs a script: (side, script, further arguments) -> output."""

    def run_script(side: str, script: str, *arguments: str) -> Any:
        done = subprocess.run(
            [str(parity.python(side)), str(SCRIPTS / script), side, url, *arguments],
            capture_output=True,
            text=True,
            env=parity.environment(side),
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run_script
