"""Programs of our own shape in the environment that has the libraries which stand on Celery."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.servers import start_valkey
from tests.support.workers import until

REPOSITORY = Path(__file__).parents[2]
PROJECTS = Path(__file__).parent / "projects"


def programs() -> Path:
    """Return the directory with the programs of the environment."""
    path = REPOSITORY / ".venv-ecosystem" / "bin"
    if not (path / "celery").exists():
        pytest.fail(f"{path.parent} does not exist: run `make .venv-ecosystem/.projects`")
    return path


class Project:
    """A project in a directory of its own, with a store.

    Args:
        name: The folder below `projects`.
        directory: Where it is copied to.
        url: The store.
        variables: Of its environment.
    """

    def __init__(self, name: str, directory: Path, url: str, variables: Mapping[str, str]) -> None:
        self.directory = directory
        shutil.copytree(PROJECTS / name, directory, ignore=shutil.ignore_patterns("__pycache__"))
        kept = {
            variable: value
            for variable, value in os.environ.items()
            if not variable.startswith(("TASKHUB_", "CELERY_", "DJANGO_"))
        }
        self.environment = {
            **kept,
            "PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(directory),
            "PYTHONDONTWRITEBYTECODE": "1",
            "REDIS_URL": url,
            **variables,
        }

    def run(self, *command: str, timeout: float = 120) -> str:
        """Run a command to its end and return what it writes; one that fails fails the test."""
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    @contextmanager
    def running(self, *command: str, ready: str) -> Generator[Path]:
        """Run a command beside a block, from when its log holds a text; gives the log."""
        log = self.directory / f"{command[-1].strip('-')}-{ready.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=self.directory, env=self.environment, stdout=output, stderr=output
            )
        try:
            until(lambda: ready in log.read_text("utf-8", "replace"), f"{log}", 60.0)
            yield log
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def project(name: str, tmp: Path, **variables: str) -> Generator[Project]:
    """Give a block a project with a store of its own."""
    with start_valkey(tmp) as store:
        yield Project(name, tmp / "project", store.url, variables)
