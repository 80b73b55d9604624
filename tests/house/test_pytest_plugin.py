"""The pytest plugin in projects of others: it costs nothing unused, and says what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

#: Other plugins of this environment take seconds to load.
ENVIRONMENT = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
COLLECTING = """
import json, sys
import pytest

code = pytest.main(["-q", "--collect-only", "-p", "taskhub.testing.plugin", "test_foreign.py"])
print(json.dumps([int(code), sorted(sys.modules)]))
"""
WRONG = """
import pytest

def test_app(taskhub_worker):
    pass

@pytest.mark.taskhub(task_default_que="x")
def test_unknown_setting(taskhub_app):
    pass

@pytest.mark.taskhub("x")
def test_unnamed_setting(taskhub_app):
    pass
"""


def pytest_in(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a project without settings."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "taskhub.testing.plugin", *arguments]
    return subprocess.run(
        command, cwd=directory, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )


def test_collecting_a_foreign_project_loads_nothing_of_a_worker(tmp_path: Path) -> None:
    (tmp_path / "test_foreign.py").write_text("def test_nothing():\n    pass\n")
    command = [sys.executable, "-c", COLLECTING]
    ran = subprocess.run(
        command, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    code, modules = json.loads(ran.stdout.splitlines()[-1])
    assert code == 0, ran.stdout
    ours = [name for name in modules if name.split(".")[0] in ("taskhub", "celery")]
    assert ours == [
        *("taskhub", "taskhub.lazy_names", "taskhub.testing", "taskhub.testing.plugin"),
        "taskhub.version",
    ]
    assert not {"dramatiq", "redis"} & set(modules)


def test_wrong_use_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text(WRONG)
    for named, problem in {
        "shp:app": "there is no module 'shp'; pytest's setting pythonpath says where modules are",
        "shop": "write module:attribute",
        "json:dumps": "that is no app, but <function dumps",
    }.items():
        ran = pytest_in(tmp_path, "-o", f"taskhub_app={named}", "-k", "test_app")
        assert f"taskhub_app = {named}: {problem}" in ran.stdout
        assert "Traceback" not in ran.stdout + ran.stderr
        assert "plugin.py" not in ran.stdout
    ran = pytest_in(tmp_path, "-k", "setting")
    assert (
        "@pytest.mark.taskhub: there is no setting 'task_default_que': did you mean "
        "task_default_queue?" in ran.stdout
    )
    assert "@pytest.mark.taskhub takes settings by name, as task_default_queue='mail', not 'x'" in (
        ran.stdout
    )
    assert "2 errors" in ran.stdout
