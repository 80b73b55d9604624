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
    """Run jobs, each a list (write or read, serializer, accepted...); ours where all serializers are installed."""

    def run_script(side: str, *jobs: tuple[str, ...]) -> Any:
        python = programs() / "python" if side == "taskhub" else parity.python(side)
        given = [(what, serializer, accepted) for what, serializer, *accepted in jobs]
        done = subprocess.run(
            [str(python), str(SCRIPT), side, url, json.dumps(given)],
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
    accepted = ("json", serializer)
    _, theirs = run("celery", ("write", serializer, *accepted), ("read", serializer, *accepted))
    assert theirs == EXPECTED
    ours = run("taskhub", *(("read", other, *accepted) for other in SERIALIZERS))
    for other, found in zip(SERIALIZERS, ours, strict=True):
        assert found == EXPECTED, other


@pytest.mark.parametrize("serializer", SERIALIZERS[1:])
def test_what_is_not_accepted_is_not_read(run: Run, serializer: str) -> None:
    _, theirs = run(
        "celery", ("write", serializer, "json", serializer), ("read", serializer, "json")
    )
    assert set(theirs.values()) == {"ContentDisallowed"}
    # Nothing is unpickled because the settings expect something else.
    ours = run("taskhub", ("read", serializer, "json"), ("read", "json", "json"))
    assert ours == [theirs, theirs]


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_what_we_have_written_is_read(run: Run, serializer: str) -> None:
    run("taskhub", ("write", serializer, "json", serializer))

    # By a process that has not written it.
    ours = run("taskhub", ("read", serializer, "json", serializer), ("read", "json", "json"))
    assert ours == [EXPECTED, EXPECTED]
    # A real Celery reads JSON.
    assert run("celery", ("read", "json", "json")) == [EXPECTED]
