"""Dramatiq's programs do beside stock Dramatiq what they do there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.parity import environment, names, of_both, python, stores

PROGRAM = Path(__file__).parent / "program.py"
CASES = [name for file in sorted((PROGRAM.parent / "cases").glob("*.py")) for name in names(file)]


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What the cases came to, by library."""
    with stores(tmp_path_factory.mktemp("stores")) as urls:

        def run(library: str) -> dict[str, Any]:
            # Dramatiq sorts by priority what it has prefetched.
            more = {"STORE": urls[library], "dramatiq_queue_prefetch": "100"}
            done = subprocess.run(
                [str(python(library)), str(PROGRAM)],
                capture_output=True,
                text=True,
                env=environment(library, **more),
                timeout=110,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            answer: dict[str, Any] = json.loads(done.stdout)
            return answer

        return of_both(run)


@pytest.mark.parametrize("case", CASES)
def test_a_program_of_dramatiq_s_does_what_it_does_there(
    found: dict[str, dict[str, Any]], case: str
) -> None:
    theirs, ours = found["celery"][case], found["taskhub"][case]
    assert "Traceback" not in str(theirs), theirs
    assert ours == theirs
