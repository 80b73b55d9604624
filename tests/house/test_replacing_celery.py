"""The distribution named celery takes Celery's place in an environment, whichever of them comes first."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest

import celery
from taskhub.version import __version__
from tests.house.test_distributions import ROOT, built, run
from tests.support import parity

Pip = Callable[..., subprocess.CompletedProcess[str]]

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
WHOSE = "import celery, celery.bin.base; print(celery.__version__)"


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("core"))


@pytest.fixture(scope="module")
def compat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT / "compat", tmp_path_factory.mktemp("compat"))


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT / "compat" / "celery-shim", tmp_path_factory.mktemp("shim"))


@pytest.fixture
def python(tmp_path: Path, core: Path) -> Path:
    """The interpreter of an environment with taskhub-core, and nothing that it requires."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "fresh")
    python = tmp_path / "fresh" / "bin" / "python"
    (place,) = (tmp_path / "fresh").glob("lib/python*/site-packages")
    (oracle,) = parity.oracle_python().parents[1].glob("lib/python*/site-packages")
    # What Celery itself imports.
    (place / "dependencies.pth").write_text(
        f"import sys; sys.path.append({str(tmp_path / 'others')!r})"
    )
    others = tmp_path / "others"
    others.mkdir()
    for name in (
        "kombu",
        "vine",
        "amqp",
        "billiard",
        "click",
        "tzlocal",
        "dateutil",
        "six.py",
        "packaging",
    ):
        if (oracle / name).exists():
            (others / name).symlink_to(oracle / name)
    run(*_pip(python), "install", "--quiet", "--no-index", "--no-deps", core)
    return python


def _pip(python: Path) -> list[str]:
    return [sys.executable, "-m", "pip", "--python", str(python)]


def install(python: Path, *wheels: Path) -> None:
    run(*_pip(python), "install", "--quiet", "--no-index", "--no-deps", *wheels)


def install_celery(python: Path) -> None:
    """Put Celery itself there, as an installer leaves it: over what is there."""
    (oracle,) = parity.oracle_python().parents[1].glob("lib/python*/site-packages")
    (place,) = python.parents[1].glob("lib/python*/site-packages")
    (record,) = oracle.glob("celery-5*.dist-info")
    for name in ("celery", record.name):
        shutil.copytree(
            oracle / name,
            place / name,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )


def whose(python: Path) -> str:
    return run(python, "-I", "-c", WHOSE).strip()


def clash(python: Path) -> str:
    look = "from taskhub.cli.checks.clash import *; print(complain_of(celery_names()))"
    return run(python, "-I", "-c", look).strip()


def test_it_has_the_files_of_taskhub_compat(shim: Path, compat: Path) -> None:
    held = []
    for wheel in (shim, compat):
        with ZipFile(wheel) as file:
            held.append({name for name in file.namelist() if ".dist-info/" not in name})
    assert held[0] == held[1]


def test_requirements_of_celery_are_met(python: Path, shim: Path, tmp_path: Path) -> None:
    (tmp_path / "needs").mkdir()
    (tmp_path / "needs" / "pyproject.toml").write_text(NEEDS_CELERY)
    check = partial(
        subprocess.run, [*_pip(python), "check"], capture_output=True, text=True, check=False
    )
    install(python, built(tmp_path / "needs", tmp_path))
    assert "needs-celery 1 requires celery, which is not installed" in check().stdout
    install(python, shim)
    complaints = check().stdout
    # Of our own requirements, which this environment lacks.
    assert "taskhub-core" in complaints
    assert "needs-celery" not in complaints
    # It asks for what Celery itself brings, and for nothing else.
    asked = re.findall(r"^celery 5\S+ requires (\S+),", complaints, re.MULTILINE)
    assert set(asked) <= {"amqp", "billiard", "kombu", "python-dateutil", "six", "tzlocal", "vine"}
    assert whose(python) == celery.__version__


def test_it_has_all_extras_of_celery(shim: Path) -> None:
    (oracle,) = parity.oracle_python().parents[1].glob("lib/python*/site-packages")
    (record,) = oracle.glob("celery-5*.dist-info")
    with ZipFile(shim) as file:
        (metadata,) = (name for name in file.namelist() if name.endswith("/METADATA"))
        held = [file.read(metadata).decode(), (record / "METADATA").read_text("utf-8")]
    ours, theirs = (set(re.findall(r"(?m)^Provides-Extra: (\S+)$", text)) for text in held)
    assert theirs
    assert ours >= theirs


def test_it_replaces_celery_and_celery_it(python: Path, shim: Path, compat: Path) -> None:
    install_celery(python)
    assert whose(python) == "5.7.0"
    # With taskhub-compat beside it, as in older instructions.
    install(python, shim, compat)
    assert whose(python) == celery.__version__
    assert clash(python) == "None"
    uninstall = [*_pip(python), "uninstall", "--quiet", "-y", "celery", "taskhub-compat"]
    run(*uninstall)
    install_celery(python)
    assert whose(python) == "5.7.0"
    assert clash(python) == "None"


def test_celery_beside_taskhub_compat_is_told(python: Path, compat: Path) -> None:
    install(python, compat)
    assert (whose(python), clash(python)) == (celery.__version__, "None")
    install_celery(python)
    assert whose(python) == "5.7.0"
    assert "both installed" in clash(python)
    assert "finds Celery's" in clash(python)
    # And the other way round.
    install(python, "--force-reinstall", compat)  # type: ignore[arg-type]
    assert "finds taskhub's" in clash(python)
    warned = subprocess.run([python, "-I", "-c", WHOSE], capture_output=True, text=True, check=True)
    assert warned.stdout.strip() == celery.__version__
    assert "RuntimeWarning: Celery and taskhub-compat are installed" in warned.stderr
    run(*_pip(python), "uninstall", "--quiet", "-y", "celery")
    assert f"the files of taskhub-compat {__version__} are gone" in clash(python)
