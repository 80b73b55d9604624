"""Libraries that stand on Celery, used as their documents say, with taskhub-compat in Celery's place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import start_valkey
from tests.support.workers import until

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]


def ecosystem() -> Path:
    """Return the directory with the programs of the environment that has the libraries."""
    path = REPOSITORY / ".venv-ecosystem" / "bin"
    if not (path / "celery").exists():
        pytest.fail(f"{path.parent} does not exist: run `make .venv-ecosystem/.projects`")
    return path


@pytest.mark.timeout(240)
def test_libraries_work(tmp_path: Path) -> None:
    programs, project = ecosystem(), tmp_path / "project"
    shutil.copytree(HERE / "project", project, ignore=shutil.ignore_patterns("__pycache__"))
    spans, log = project / "spans", project / "worker.log"
    with start_valkey(tmp_path) as store:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TASKHUB_", "CELERY_", "DJANGO_"))
        }
        environment = {
            **kept,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(project),
            "PYTHONDONTWRITEBYTECODE": "1",
            "REDIS_URL": store.url,
            "SPANS": str(spans),
        }
        with log.open("wb") as output:
            worker = subprocess.Popen(
                ["celery", "-A", "shop.app", "worker", "-l", "info", "-P", "threads", "-c", "4"],
                cwd=project,
                env=environment,
                stdout=output,
                stderr=output,
            )
        try:
            until(lambda: "is ready" in log.read_text("utf-8", "replace"), f"{log}", 60.0)
            done = subprocess.run(
                ["python", "client.py"],
                cwd=project,
                env=environment,
                capture_output=True,
                text=True,
                timeout=200,
                check=False,
            )
        finally:
            worker.terminate()
            worker.wait(30)
    told: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        told.update(json.loads(line))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{log.read_text()}"
    assert told == {
        "singleton": [True, 1, 2],
        "once": ["once", "REJECTED", True],
        "progress": ["PROGRESS", 100.0, True, "done"],
        "sentry": ["LookupError shop.app.fails"],
        "opentelemetry": [["apply_async/shop.app.fails", "run/shop.app.fails"], 1, True],
        "structlog": True,
        "beat": True,
        "redbeat": True,
    }, log.read_text()
