"""Importing taskhub, or celery from us, is cheap and does nothing to the world."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROBE = Path(__file__).with_name("probe.py")


def probe(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-B", str(PROBE), *arguments]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    seen: dict[str, Any] = json.loads(finished.stdout)
    return seen


@pytest.mark.parametrize(("package", "most"), [("taskhub", 0.150), ("celery", 0.200)])
def test_import_takes_hardly_any_time(package: str, most: float) -> None:
    # The best of several runs: others may be using the machine.
    assert min(probe(package)["seconds"] for _ in range(5)) < most


@pytest.mark.parametrize("package", ["taskhub", "celery"])
def test_import_leaves_alone_what_may_not_be_needed(package: str) -> None:
    costly = {"akshare", "dramatiq", "jinja2", "pandas", "pydantic", "redis", "rich", "sqlalchemy"}
    assert costly.isdisjoint(probe(package)["modules"])


def test_the_shipped_tasks_leave_alone_what_only_market_data_needs() -> None:
    costly = {"akshare", "alembic", "matplotlib", "numpy", "pandas", "requests", "sqlalchemy"}
    assert costly.isdisjoint(probe("taskhub.actors")["modules"])


@pytest.mark.parametrize("package", ["taskhub", "celery"])
@pytest.mark.parametrize("arguments", [[], ["names"]], ids=["module", "every public name"])
def test_import_has_no_side_effects(package: str, arguments: list[str]) -> None:
    seen = probe(package, *arguments)
    assert seen["events"] == []
    assert seen["threads"] == 1
    assert seen["signals_untouched"]


DECLARING = """
import json, sys
from {package} import Celery
app = Celery("producer", broker="memory://", backend="cache+memory://")

@app.task
def add(x, y):
    return x + y

add.delay(1, 2)
json.dump(sorted(sys.modules), sys.stdout)
"""


@pytest.mark.parametrize("package", ["taskhub", "celery"])
def test_a_program_that_only_sends_loads_nothing_of_a_worker(package: str) -> None:
    code = DECLARING.format(package=package)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = [name for name in json.loads(ran.stdout) if name.split(".")[0] == "taskhub"]
    assert [name for name in loaded if name.startswith("taskhub.worker")] == []
    assert [name for name in loaded if name.startswith("taskhub.cli")] == []
    # Each costs about a millisecond at the start of every process.
    assert len(loaded) <= 179
