"""The distributions build, hold what they must, and install."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from ast import literal_eval
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import celery

ROOT = Path(__file__).parents[2]
PROJECTS = {
    "taskhub": ROOT,
    "taskhub-compat": ROOT / "compat",
    "taskhub-scheduler": ROOT / "scheduler",
}


def run(*command: str | Path, directory: Path = ROOT) -> str:
    finished = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def metadata(distribution: str) -> dict[str, Any]:
    return metadata_of(PROJECTS[distribution])


def metadata_of(directory: Path) -> dict[str, Any]:
    document = tomllib.loads((directory / "pyproject.toml").read_text())
    project: dict[str, Any] = document["project"]
    return project


def built(project: Path, target: Path) -> Path:
    """Build a project's wheel."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    run(*command, "--directory", str(target), directory=project)
    (wheel,) = target.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        distribution: built(project, tmp_path_factory.mktemp(distribution))
        for distribution, project in PROJECTS.items()
    }


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel named celery that only says that taskhub-compat is there."""
    return built(ROOT / "compat" / "celery-shim", tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="module")
def environment(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the three wheels without their dependencies."""
    directory = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", directory)
    programs = directory / "bin"
    pip = [sys.executable, "-m", "pip", "--python", str(programs / "python")]
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", *wheels.values())
    return programs


@pytest.mark.parametrize(
    ("distribution", "packages"),
    [
        ("taskhub", ["src/taskhub"]),
        ("taskhub-compat", ["src/celery", "src/Modules"]),
        ("taskhub-scheduler", ["src/taskhub_scheduler"]),
    ],
)
def test_wheel_holds_every_file_of_its_packages(
    wheels: dict[str, Path], distribution: str, packages: list[str]
) -> None:
    source = PROJECTS[distribution] / "src"
    expected = {
        path.relative_to(source).as_posix()
        for package in packages
        for path in (PROJECTS[distribution] / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with ZipFile(wheels[distribution]) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert held == expected
    assert {f"{Path(package).name}/py.typed" for package in packages} <= held


def test_taskhub_wheel_holds_its_scripts_for_the_store(wheels: dict[str, Path]) -> None:
    with ZipFile(wheels["taskhub"]) as wheel:
        assert any(name.endswith(".lua") for name in wheel.namelist())


@pytest.mark.parametrize("module", ["taskhub", "celery", "Modules", "taskhub_scheduler"])
def test_installed_package_is_found_where_it_was_installed(environment: Path, module: str) -> None:
    # `Modules` is a namespace, which has no file of its own.
    find = f"import importlib.util; print([*importlib.util.find_spec({module!r}).submodule_search_locations])"
    (place,) = literal_eval(run(environment / "python", "-I", "-c", find))
    assert Path(place).is_relative_to(environment.parent)


def test_taskhub_can_be_imported_before_its_dependencies(environment: Path) -> None:
    run(environment / "python", "-I", "-c", "import taskhub")


@pytest.mark.parametrize("command", ["taskhub", "celery"])
def test_command_is_installed(environment: Path, command: str) -> None:
    assert (environment / command).is_file()


NEEDS_CELERY = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "needs-celery"
version = "1"
dependencies = ["celery>=5.3,<6"]
[tool.hatch.build.targets.wheel]
bypass-selection = true
"""


def test_requirements_of_celery_are_met_by_the_shim(
    environment: Path, shim: Path, tmp_path: Path
) -> None:
    with ZipFile(shim) as wheel:
        assert all(".dist-info/" in name for name in wheel.namelist())
    (tmp_path / "pyproject.toml").write_text(NEEDS_CELERY)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "python")]
    install = [*pip, "install", "--quiet", "--no-index", "--no-deps"]
    check = partial(subprocess.run, [*pip, "check"], capture_output=True, text=True, check=False)
    run(*install, built(tmp_path, tmp_path))
    assert "needs-celery 1 requires celery, which is not installed" in check().stdout
    run(*install, shim)
    complaints = check().stdout
    # Of taskhub's own requirements, which this environment lacks.
    assert "taskhub" in complaints
    assert "needs-celery" not in complaints
    assert "celery 5" not in complaints
    found = run(environment / "python", "-I", "-c", "import celery; print(celery.__version__)")
    assert found.strip() == metadata_of(ROOT / "compat" / "celery-shim")["version"]


def test_celery_names_that_are_not_offered_say_so() -> None:
    name = "no_such_name"
    with pytest.raises(AttributeError, match=r"does not offer celery\.no_such_name"):
        getattr(celery, name)


def test_distributions_agree_on_version_and_pythons() -> None:
    projects = [metadata(distribution) for distribution in PROJECTS]
    assert len({(project["version"], project["requires-python"]) for project in projects}) == 1
    shim = metadata_of(ROOT / "compat" / "celery-shim")
    assert shim["version"] == celery.__version__
    assert celery.__version__.endswith(projects[0]["version"])
    assert shim["requires-python"] == projects[0]["requires-python"]


@pytest.mark.parametrize("distribution", PROJECTS)
def test_pins_meet_what_a_distribution_requires(distribution: str) -> None:
    lines = (ROOT / "requirements" / "dev.txt").read_text().splitlines()
    pins = [
        Requirement(line.rstrip("\\ "))
        for line in lines
        if line and not line.startswith((" ", "#"))
    ]
    versions = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
    for requirement in map(Requirement, metadata(distribution)["dependencies"]):
        if requirement.name != "taskhub":
            assert versions[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize(
    "pins", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name
)
def test_pins_name_hashes_and_no_host(pins: Path) -> None:
    text = pins.read_text()
    assert "://" not in text
    assert text.count("==") <= text.count("--hash=sha256:")
