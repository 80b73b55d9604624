"""The store is spoken to by the oldest releases that pyproject.toml allows, too."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
OLDEST = ROOT / ".venv-oldest"
TESTS = (
    "tests/contract/test_claim.py",
    "tests/contract/test_commit.py",
    "tests/contract/test_documents.py",
    "tests/integration/store/test_connecting.py",
)


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements" / "oldest.in").read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line)


def test_they_are_the_oldest_that_are_allowed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    ranges = {one.name: one for one in map(Requirement, project["dependencies"])}
    for name, version in pins().items():
        least = [one.version for one in ranges[name].specifier if one.operator == ">="]
        assert version.removesuffix(".0").removesuffix(".0") == least[0].removesuffix(".0")


@pytest.mark.timeout(400)
def test_the_store_is_spoken_to() -> None:
    if not OLDEST.exists():
        pytest.fail(f"{OLDEST} does not exist: run `make .venv-oldest/.requirements`")
    environment = {**os.environ, "PYTHONPATH": str(OLDEST)}
    show = "import redis, hiredis; print(redis.__version__, hiredis.__version__)"
    found = subprocess.run(
        [sys.executable, "-c", show], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == [pins()["redis"], pins()["hiredis"]]
    options = ("-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-W", "default")
    # Those libraries have no part in the other engines.
    options += ("-k", "not memory and not postgres")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *TESTS],
        cwd=ROOT,
        env={name: value for name, value in environment.items() if name != "PYTEST_XDIST_WORKER"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]
