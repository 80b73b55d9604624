"""The public face keeps types: its examples and counter-examples pass both strict type checkers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = [
    Path(__file__).with_name(name)
    for name in ("public_face.py", "celery_imports.py", "web_frameworks.py")
]


def test_mypy_understands_the_public_face(pytestconfig: pytest.Config) -> None:
    # A later run takes a fifth of the time of the first one.
    cache = pytestconfig.cache.mkdir("mypy")
    accepts("mypy", "--strict", "--follow-imports=silent", f"--cache-dir={cache}")


def test_pyright_understands_the_public_face() -> None:
    accepts("pyright", "--warnings")


def accepts(checker: str, *options: str) -> None:
    command = [sys.executable, "-m", checker, *options, *map(str, EXAMPLES)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
