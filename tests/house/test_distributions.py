"""The distributions build, hold what they must, and install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
from ast import literal_eval
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import celery
from scripts.release.version import pin_of
from taskhub.version import __version__

ROOT = Path(__file__).parents[2]
(ECOSYSTEM,) = (ROOT / ".venv-ecosystem").glob("lib/python*/site-packages")
PROJECTS = {
    "taskhub-core": ROOT,
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
    """The wheel named celery that has the files of taskhub-compat."""
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
        ("taskhub-core", ["src/taskhub"]),
        ("taskhub-compat", ["src/celery", "src/Modules", "src/taskhub_migration"]),
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
    with ZipFile(wheels["taskhub-core"]) as wheel:
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


def test_pytest_finds_the_plugin_under_the_name_of_its_module(environment: Path) -> None:
    """Under another name, `pytest_plugins = ("taskhub.testing.plugin",)` would register it twice, and fail."""
    find = (
        "from importlib.metadata import entry_points as found; "
        "print([(each.name, each.value) for each in found(group='pytest11')])"
    )
    plugin = "taskhub.testing.plugin"
    assert literal_eval(run(environment / "python", "-I", "-c", find)) == [(plugin, plugin)]


def test_documented_commands_install_the_files_and_no_namesake(
    wheels: dict[str, Path], shim: Path, tmp_path: Path
) -> None:
    """`pip install dist/....whl`, as the README has it, in an environment where the dependencies are found."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "fresh")
    python = tmp_path / "fresh" / "bin" / "python"
    (place,) = (tmp_path / "fresh").glob("lib/python*/site-packages")
    (place / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    for name in ("amqp", "billiard", "kombu", "python_dateutil", "six", "tzdata", "vine"):
        (known,) = ECOSYSTEM.glob(f"{name}-*.dist-info")
        shutil.copytree(known, place / known.name)
    before = {path.name for path in place.glob("*.dist-info")}
    (tmp_path / "dist").mkdir()
    for wheel in (*wheels.values(), shim):
        shutil.copy(wheel, tmp_path / "dist")
    commands = re.findall(r"(?m)^\$ (pip install .*dist/.*)$", (ROOT / "README.md").read_text())
    commands += re.findall(r"(?m)^\$ (pip install .*)$", (ROOT / "docs/migrating.md").read_text())
    commands = [command for command in commands if "dist/" in command]
    assert len(commands) == 3
    environment = {**os.environ, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    for command in commands:
        finished = subprocess.run(
            ["bash", "-c", command.replace("pip", f"{sys.executable} -m pip --python {python}", 1)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.returncode == 0, finished.stdout + finished.stderr
    installed = {path.name.partition("-")[0] for path in place.glob("*.dist-info")}
    assert installed - {name.partition("-")[0] for name in before} == {
        *("celery", "taskhub_core", "taskhub_scheduler")
    }
    for module in ("taskhub", "taskhub_scheduler", "celery"):
        found = run(python, "-I", "-c", f"import {module}; print({module}.__file__)")
        assert Path(found.strip()).is_relative_to(place)


def test_nothing_names_somebody_elses_distribution() -> None:
    """`pip install taskhub`, or one of its extras, would install what is not ours."""
    wrong = re.compile(r"pip install[^\n`]*[ '\"]taskhub(?:\[|[ '\"`\n]|$)|\btaskhub\[[a-z]+\]")
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *(ROOT / "src").rglob("*.py")):
        found = wrong.search(path.read_text("utf-8"))
        assert found is None, f"{path}: {found}"


def test_the_version_is_not_asked_of_a_distribution() -> None:
    """Its name may be another's, or have changed: `taskhub.version` has it."""
    asked = re.compile(
        r"""(?:version|distribution|files|metadata)\(f?["']taskhub(?:-core)?["']\)"""
    )
    allowed = {ROOT / "src/taskhub/cli/checks/packages.py"}
    for path in (ROOT / "src").rglob("*.py"):
        assert path in allowed or not asked.search(path.read_text("utf-8")), path


def test_celery_names_that_are_unsupported_text_say_so() -> None:
    name = "no_such_name"
    with pytest.raises(AttributeError, match=r"does not offer celery\.no_such_name"):
        getattr(celery, name)


def test_distributions_agree_on_version_and_pythons() -> None:
    projects = [metadata(distribution) for distribution in PROJECTS]
    projects.append(metadata_of(ROOT / "compat" / "celery-shim"))
    for name in ("requires-python", "urls", "license", "authors"):
        first, *others = (project[name] for project in projects)
        assert others == [first] * 3, name
    # The README of taskhub-core is the repository's, with other links (hatch_build.py).
    assert [project["dynamic"] for project in projects] == [
        ["version", "readme"],
        *[["version"]] * 3,
    ]
    assert celery.__version__.endswith(f"+taskhub.{__version__}")


def test_built_distributions_have_the_one_version(wheels: dict[str, Path], shim: Path) -> None:
    found = {name: wheel.name.split("-")[1] for name, wheel in wheels.items()}
    assert found == dict.fromkeys(PROJECTS, __version__)
    assert shim.name.split("-")[1] == celery.__version__


def test_the_others_require_the_minor_version_of_the_library() -> None:
    pinning = (
        PROJECTS["taskhub-compat"],
        PROJECTS["taskhub-scheduler"],
        ROOT / "compat/celery-shim",
    )
    for project in pinning:
        (pin,) = (
            Requirement(text)
            for text in metadata_of(project)["dependencies"]
            if text.startswith("taskhub-core")
        )
        assert str(pin) == str(Requirement(pin_of(__version__))), project
        assert pin.specifier.contains(__version__, prereleases=True)
        major, minor, _ = map(int, __version__.split(".")[:3])
        assert not pin.specifier.contains(f"{major}.{minor + 1}.0")


@pytest.mark.parametrize("distribution", PROJECTS)
def test_a_source_distribution_builds_alone(
    distribution: str, wheels: dict[str, Path], tmp_path: Path
) -> None:
    """What pyproject.toml refers to outside of its folder is in its metadata."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "sdist"]
    run(*command, "--directory", str(tmp_path), directory=PROJECTS[distribution])
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    again = built(tmp_path / sdist.name.removesuffix(".tar.gz"), tmp_path / "again")
    with ZipFile(again) as one, ZipFile(wheels[distribution]) as other:
        assert {name: one.read(name) for name in one.namelist()} == {
            name: other.read(name) for name in other.namelist()
        }


def pinned_versions(name: str) -> dict[str, str]:
    """Return the versions of a file of pins by package."""
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    pins = [
        Requirement(line.rstrip("\\ "))
        for line in lines
        if line and not line.startswith((" ", "#"))
    ]
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}


def test_running_takes_the_versions_that_are_tested() -> None:
    tested, run = pinned_versions("dev.txt"), pinned_versions("run.txt")
    assert run.items() <= tested.items()
    tools = {"hypothesis", "mypy", "pyright", "pytest", "ruff"}
    assert tools <= tested.keys()
    assert tools.isdisjoint(run)


@pytest.mark.parametrize("distribution", PROJECTS)
def test_pins_meet_what_a_distribution_requires(distribution: str) -> None:
    versions = pinned_versions("dev.txt")
    for requirement in map(Requirement, metadata(distribution)["dependencies"]):
        if requirement.name != "taskhub-core":
            assert versions[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize(
    "pins", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda path: path.name
)
def test_pins_name_hashes_and_no_host(pins: Path) -> None:
    text = pins.read_text()
    assert "://" not in text
    assert text.count("==") <= text.count("--hash=sha256:")
