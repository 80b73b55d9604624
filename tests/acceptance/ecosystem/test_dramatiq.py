"""Libraries that stand on Dramatiq, used as their documents say, with our broker in Redis's place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.ecosystem.test_ecosystem import HERE, ecosystem
from tests.support.servers import start_valkey
from tests.support.workers import until


@pytest.mark.timeout(240)
def test_libraries_of_dramatiq_s_work(tmp_path: Path) -> None:
    programs, project = ecosystem(), tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(HERE / "dramatiq_project", project, ignore=ignored)
    log, reports = project / "worker.log", project / "reports"
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
            "DATABASE": str(project / "shop.sqlite3"),
            "REPORTS": str(reports),
            "JOURNAL": str(project / "journal"),
        }

        def run(*command: str) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                command,
                cwd=project,
                env=environment,
                capture_output=True,
                text=True,
                timeout=150,
                check=False,
            )

        migrated = run("python", "manage.py", "migrate", "--verbosity", "0")
        assert migrated.returncode == 0, migrated.stderr
        with log.open("wb") as output:
            worker = subprocess.Popen(
                ["python", "manage.py", "rundramatiq", "--processes", "1", "--threads", "4"],
                cwd=project,
                env=environment,
                stdout=output,
                stderr=output,
            )
        try:
            until(
                lambda: "is ready for action" in log.read_text("utf-8", "replace"), f"{log}", 60.0
            )
            done = run("python", "client.py")
        finally:
            worker.terminate()
            worker.wait(30)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{log.read_text()}"
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["result"] == 3
    # django-dramatiq keeps how they ended; what periodiq and dramatiq-abort skip is done for it.
    assert ["add", "done"] in found["states"]
    assert ["fail", "failed"] in found["states"]
    # dramatiq-workflow, dramatiq-abort, and periodiq's limit for those that come too late.
    words = found["words"]
    assert sorted(words) == sorted(
        ["spins", "aborted", "one", "two", "two", "three", "each minute"]
    )
    assert [word for word in words if word in ("one", "two", "three")] == [
        "one",
        "two",
        "two",
        "three",
    ]
    told = [json.loads(line) for line in reports.read_text().splitlines()]
    assert ["event", "fail", "LookupError"] in told
    assert ["transaction", "add", None] in told
