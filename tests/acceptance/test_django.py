"""A Django project with `taskhub.contrib.django` in INSTALLED_APPS, and a worker of `manage.py taskhub`."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from tests.support.servers import start_valkey
from tests.support.workers import until

#: Names the interpreter of the test with Django 6.
PYTHON_VARIABLE: Final = "TASKHUB_TEST_DJANGO6_PYTHON"

PROJECT: Final = Path(__file__).with_name("django_project")


def names_in(script: str) -> list[str]:
    """Return the functions that a script runs as its tests."""
    tree = ast.parse((PROJECT / script).read_text("utf-8"))
    return [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


class Project:
    """A copy of the project.

    Args:
        directory: Where it is.
        python: The interpreter.
        variables: Of its processes.
    """

    def __init__(self, directory: Path, python: str = sys.executable, **variables: str) -> None:
        self.directory = directory
        self.python = python
        shutil.copytree(PROJECT, directory, ignore=shutil.ignore_patterns("__pycache__"))
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TASKHUB_", "CELERY_", "DJANGO_"))
        }
        self.environment = {**kept, "TASKHUB_HOME": str(directory / "home"), **variables}

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the project."""
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.directory,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def manage(self, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Run `manage.py`, with further settings."""
        return self.run("manage.py", *arguments, SHOP_SETTINGS=json.dumps(settings))

    def functions_of(self, script: str) -> Mapping[str, str]:
        """Return what became of the functions of a script: "", or a traceback."""
        done = self.run(script)
        assert done.returncode == 0, done.stderr
        became: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
        return became


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project without a store."""
    return Project(tmp_path_factory.mktemp("django") / "project")


@pytest.fixture(scope="module")
def looked(project: Project) -> Mapping[str, str]:
    return project.functions_of("look_around.py")


@contextmanager
def started(project: Project, *arguments: str) -> Generator[Path]:
    """Run `manage.py taskhub` beside a block, from when the worker is ready; gives the log."""
    log = project.directory / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [project.python, "manage.py", "taskhub", *arguments],
            cwd=project.directory,
            env=project.environment,
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: "is ready" in log.read_text("utf-8", "replace"), str(log), 60.0)
        yield log
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def working(directory: Path, python: str = sys.executable) -> Generator[Project]:
    """Give a block the project with a store, and a worker that is ready."""
    with start_valkey(directory) as store:
        project = Project(directory / "project", python, SHOP_BROKER=store.url)
        migrated = project.manage("migrate", "-v0")
        assert migrated.returncode == 0, migrated.stderr
        with started(project, "worker", "-p", "1", "-t", "2"):
            yield project


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mapping[str, str], str]:
    """What became of calls to a worker, and its log."""
    with working(tmp_path_factory.mktemp("django_worker")) as project:
        became = project.functions_of("call_tasks.py")
        return became, (project.directory / "worker.log").read_text("utf-8")


@pytest.fixture(scope="module")
def called(ran: tuple[Mapping[str, str], str]) -> Mapping[str, str]:
    """What became of calls to a worker."""
    return ran[0]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", names_in("call_tasks.py"))
def test_calls(called: Mapping[str, str], name: str) -> None:
    assert not called[name], called[name]


@pytest.mark.timeout(180)
def test_supervisor_and_processes_log_in_the_time_zone_of_the_project(
    ran: tuple[Mapping[str, str], str],
) -> None:
    # Django's default, hours from UTC; the run takes minutes.
    lines = re.findall(r"\[(\S+ \S+),\d+: \w+/(supervisor|worker-1)\]", ran[1])
    times = [datetime.strptime(text, "%Y-%m-%d %H:%M:%S") for text, _ in lines]
    assert {source for _, source in lines} == {"supervisor", "worker-1"}
    here = datetime.now(ZoneInfo("America/Chicago")).replace(tzinfo=None)
    assert all(timedelta(0) <= here - time < timedelta(hours=1) for time in times)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", names_in("look_around.py"))
def test_looks(looked: Mapping[str, str], name: str) -> None:
    assert not looked[name], looked[name]


@pytest.mark.timeout(300)
def test_django_6(tmp_path: Path) -> None:
    python = os.environ.get(PYTHON_VARIABLE)
    if not python:
        pytest.skip(f"{PYTHON_VARIABLE} names no Python from 3.12 on with taskhub and Django 6")
    with working(tmp_path, python) as project:
        became = {**project.functions_of("call_tasks.py"), **project.functions_of("look_around.py")}
        cases = project.manage("test", "cases")
    assert not (failed := {name: text for name, text in became.items() if text}), failed
    assert cases.returncode == 0, cases.stderr


def test_cases(project: Project) -> None:
    done = project.manage("test", "cases")
    assert done.returncode == 0, done.stderr
    assert "Ran 10 tests" in done.stderr


def test_help_and_errors_name_manage_py(project: Project) -> None:
    shown = project.manage("help", "taskhub")
    assert "Usage: python manage.py taskhub" in shown.stdout
    assert "worker" in shown.stdout
    wrong = project.manage("taskhub", "wrker")
    assert wrong.returncode == 2
    assert wrong.stderr == (
        "error: There is no command 'wrker'. Did you mean worker? "
        "(see python manage.py taskhub --help)\n"
    )


def test_options_of_djangos_are_left_out(project: Project) -> None:
    done = project.manage("taskhub", "queues", "--settings", "shop.settings", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {}


def test_a_worker_is_started_anew_when_the_code_changes(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as store:
        project = Project(tmp_path / "project", SHOP_BROKER=store.url)
        with started(project, "worker", "-p", "1", "-t", "1", "--autoreload") as log:
            with (project.directory / "orders/tasks.py").open("a") as file:
                file.write("\n\n@shared_task\ndef added():\n    return 1\n")
            until(lambda: "orders.tasks.added" in log.read_text("utf-8", "replace"), str(log))
            assert "orders/tasks.py has changed" in log.read_text("utf-8")
    misplaced = project.manage("taskhub", "status", "--autoreload")
    assert misplaced.stderr == "error: --autoreload is an option of worker only\n"


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("", "DJANGO_SETTINGS_MODULE is not set"),
        ("nowhere.settings", "DJANGO_SETTINGS_MODULE names nowhere.settings, and there is no such"),
    ],
)
def test_settings_that_are_not_there(project: Project, module: str, line: str) -> None:
    command = ("-m", "taskhub", "-A", "taskhub.contrib.django", "queues")
    done = project.run(*command, DJANGO_SETTINGS_MODULE=module)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {line}"), done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (
            {"TASKHUB": {"BROKER_URL": "memory://", "TASK_TIME_LIMIT": "long"}},
            "taskhub.E002: Setting task_time_limit must be a number of seconds or a timedelta, not",
        ),
        (
            {"TASKHUB": {"APP": "nowhere.app"}},
            "taskhub.E001: there is no module 'nowhere.app' here",
        ),
        (
            {"TASKHUB": {"TASK_IGNORE_RESULT": True}, "CELERY_TASK_IGNORE_RESULT": False},
            "taskhub.E003: CELERY_TASK_IGNORE_RESULT and TASKHUB['TASK_IGNORE_RESULT'] have",
        ),
    ],
)
def test_a_mistake_is_one_line(project: Project, settings: dict[str, Any], line: str) -> None:
    done = project.manage("taskhub", "worker", **settings)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {line}"), done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_misspelt_setting_is_warned_of_unless_silenced(project: Project) -> None:
    settings: dict[str, Any] = {"TASKHUB": {"BROKER_URL": "memory://", "TASK_TIME_LIMT": 5}}
    warned = project.manage("taskhub", "tasks", "list", **settings).stderr.splitlines()
    silent = project.manage(
        "taskhub", "tasks", "list", **settings, SILENCED_SYSTEM_CHECKS=["taskhub.W001"]
    ).stderr

    assert warned[0] == (
        "warning: taskhub.W001: TASKHUB['TASK_TIME_LIMT'] is no setting: it has no effect "
        "(did you mean TASK_TIME_LIMIT?)"
    )
    assert "taskhub.W001" not in silent
