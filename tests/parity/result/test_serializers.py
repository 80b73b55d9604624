"""Results written by another serializer are read: those of a real Celery, and ours, whatever the settings say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ecosystem.environment import programs
from tests.support import parity

SCRIPT = Path(__file__).parent / "scripts" / "serializers.py"
SERIALIZERS = ("json", "pickle", "yaml", "msgpack")
EXPECTED = {
    "fails": ["FAILURE", "ValueError('no', 3)", True],
    "tells": ["PROGRESS", "{'at': 1}", False],
    "number": ["SUCCESS", "5", False],
    "list": ["SUCCESS", "[1, 'ä', None, {'a': 2.5}]", False],
    "text": ["SUCCESS", "'true'", False],
    "nothing": ["SUCCESS", "None", False],
    "group": [5, "true"],
}

Run = Callable[..., Any]


@pytest.fixture
def run(url: str) -> Run:
    """Run the script: (side, what, serializer, accepted...) -> output; ours where all serializers are installed."""

    def run_script(side: str, *arguments: str) -> Any:
        python = programs() / "python" if side == "taskhub" else parity.python(side)
        done = subprocess.run(
            [str(python), str(SCRIPT), side, url, *arguments],
            capture_output=True,
            text=True,
            env=parity.environment(side),
            timeout=50,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run_script


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_what_celery_has_written_is_read(run: Run, serializer: str) -> None:
    run("celery", "write", serializer, "json", serializer)

    assert run("celery", "read", serializer, "json", serializer) == EXPECTED
    for other in SERIALIZERS:
        assert run("taskhub", "read", other, "json", serializer) == EXPECTED, other


@pytest.mark.parametrize("serializer", SERIALIZERS[1:])
def test_what_is_not_accepted_is_not_read(run: Run, serializer: str) -> None:
    run("celery", "write", serializer, "json", serializer)

    theirs = run("celery", "read", serializer, "json")
    assert set(theirs.values()) == {"ContentDisallowed"}
    assert run("taskhub", "read", serializer, "json") == theirs
    # Nothing is unpickled because the settings expect something else.
    assert run("taskhub", "read", "json", "json") == theirs


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_what_we_have_written_is_read(run: Run, serializer: str) -> None:
    run("taskhub", "write", serializer, "json", serializer)

    assert run("taskhub", "read", serializer, "json", serializer) == EXPECTED
    assert run("taskhub", "read", "json", "json") == EXPECTED
    # A real Celery reads JSON.
    assert run("celery", "read", "json", "json") == EXPECTED
