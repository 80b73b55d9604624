"""A fresh environment with the built wheels and pinned dependencies, and what is tried in it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from scripts.release.interpreters import Interpreter
from scripts.release.processes import run
from scripts.release.steps import Refused

PROGRAM = Path(__file__).parent / "program"
_MODULES = ("taskhub", "celery", "Modules", "taskhub_migration", "taskhub_scheduler")


class Installation:
    """An environment for one Python.

    Args:
        interpreter: The Python.
        directory: Where the environment is made.
        root: Where scripts/ and requirements/ are.
        wheels: Where the wheels are.
        uv: Installs the wheels.
    """

    def __init__(
        self, interpreter: Interpreter, directory: Path, root: Path, wheels: Path, uv: str
    ) -> None:
        self._interpreter = interpreter
        self.directory = directory
        self._root = root
        self._wheels = wheels
        self._uv = uv

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.directory / "bin" / "python"

    def install(self) -> list[str]:
        """Install what requirements/run.txt pins, by hash, then the wheels, from files."""
        assert self._interpreter.program is not None
        run(
            self._root / "scripts" / "environment",
            self.directory,
            "requirements/run.txt",
            directory=self._root,
            environment={"PYTHON": str(self._interpreter.program)},
        )
        self._install_files("taskhub_core", "taskhub_compat", "taskhub_scheduler")
        return []

    def try_commands(self, version: str, celery: str) -> list[str]:
        """Return which commands do not name their version, or cannot import a module."""
        imports = "; ".join(f"import {name}" for name in _MODULES)
        self._run(self.python, "-I", "-c", imports)
        return self._wrong_versions({"taskhub": version, "celery": celery})

    def try_program(self) -> list[str]:
        """Run a program: a worker, a scheduler and a chain on a development store of its own."""
        place = self.directory / "program"
        shutil.copytree(PROGRAM, place)
        store = {"TASKHUB_HOME": str(place / ".taskhub")}
        self._run(self.python, "main.py", directory=place, environment=store)
        return []

    def try_in_place_of_celery(self, celery: str) -> list[str]:
        """Put the wheel named celery into the place of taskhub-compat."""
        run(
            *(self._uv, "pip", "uninstall", "--quiet", "--python", self.python, "taskhub-compat"),
            directory=self._root,
        )
        self._install_files("celery")
        said = self._run(self.python, "-I", "-c", "import celery; print(celery.__version__)")
        if said.strip() != celery:
            raise Refused(f"celery.__version__ is {said.strip()}, not {celery}")
        return self._wrong_versions({"celery": celery})

    def _wrong_versions(self, expected: dict[str, str]) -> list[str]:
        found = []
        for command, version in expected.items():
            said = self._run(self.directory / "bin" / command, "--version").strip()
            if version not in said.split():
                found.append(f"{command} --version says {said!r}: {version} is not in it")
        return found

    def _install_files(self, *names: str) -> None:
        # By name: metadata would keep the paths of files.
        wheels = [path.name for name in names for path in self._wheels.glob(f"{name}-*.whl")]
        pins = ["==".join(wheel.split("-")[:2]).replace("_", "-") for wheel in wheels]
        options = ("--quiet", "--no-deps", "--no-index", "--python", self.python)
        place = ("--find-links", self._wheels)
        run(self._uv, "pip", "install", *options, *place, *pins, directory=self._root)

    def _run(
        self,
        *command: str | Path,
        directory: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> str:
        # Nothing of the repository may be found.
        own = {"PYTHONPATH": "", "PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}"}
        return run(
            *command, directory=directory or self.directory, environment=own | (environment or {})
        )
