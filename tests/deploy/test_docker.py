"""The Dockerfiles, their context and pins, and a worker in what a container is."""

from __future__ import annotations

import ast
import json
import re
import shlex
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import psutil
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.acceptance.command import Commands, until
from tests.deploy.files import DEPLOY, ROOT, parse_command_line, run, tool

FILE: Final = DEPLOY / "docker" / "Dockerfile"
EXAMPLE: Final = DEPLOY / "docker" / "example"


def instructions(path: Path, name: str) -> list[str]:
    """Return the arguments of an instruction, wherever it stands in a Dockerfile."""
    text = re.sub(r"(?m)^\s*#.*\n", "", path.read_text()).replace("\\\n", " ")
    return [match.strip() for match in re.findall(rf"(?m)^{name} (.*)$", text)]


def pins(path: Path) -> dict[str, str]:
    """Return the versions in a file of pins."""
    found = re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ]+)", path.read_text())
    return {canonicalize_name(name): version for name, version in found}


@pytest.mark.parametrize("path", [FILE, EXAMPLE / "Dockerfile"], ids=["taskhub", "example"])
def test_hadolint_finds_nothing(path: Path) -> None:
    done = run(tool("hadolint"), "--failure-threshold", "style", path)
    assert done.returncode == 0, done.stdout


def test_the_context_is_what_the_build_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    copied = set()
    for arguments in instructions(FILE, "COPY"):
        *sources, _ = arguments.split()
        if not sources[0].startswith("--from"):
            copied.update(sources)
    assert {path.partition("/")[0] for path in sent} == copied
    assert [path for path in sent if not (ROOT / path).exists()] == []
    # Of the folder of pins, those that the build uses.
    used = set(re.findall(r"[a-z]+\.txt", FILE.read_text()))
    assert {path for path in sent if path.startswith("requirements/")} == {
        f"requirements/{name}" for name in used
    }


def test_what_hatchling_needs_is_in_the_context() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line.removeprefix("!") for line in lines if line.startswith("!")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "readme" in project["dynamic"], "the hook makes it of README.md"
    assert {"README.md", "hatch_build.py", *project["license-files"], "src"} <= sent


def test_pins_of_the_image_cover_what_it_installs() -> None:
    image, development = pins(ROOT / "requirements/image.txt"), pins(ROOT / "requirements/dev.txt")
    core = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [*core["dependencies"]]
    for extra in ("web", "metrics"):
        needed += core["optional-dependencies"][extra]
    for project in ("scheduler", "compat/celery-shim"):
        needed += tomllib.loads((ROOT / project / "pyproject.toml").read_text())["project"][
            "dependencies"
        ]
    for text in needed:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        if name != "taskhub-core":
            assert requirement.specifier.contains(image[name], prereleases=True), text
    shared = image.keys() & development.keys()
    assert {name: image[name] for name in shared} == {name: development[name] for name in shared}
    # No tools of a build, and no tests.
    assert not image.keys() & {"hatchling", "pip", "pytest", "ruff", "setuptools"}


@pytest.mark.parametrize("name", ["image.txt", "wheels.txt"])
def test_every_pin_has_hashes(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text()
    entries = re.split(r"(?m)^(?=[a-z0-9])", re.sub(r"(?m)^ *#.*\n", "", text))
    entries = [entry for entry in entries if entry.strip()]
    assert len(entries) == len(pins(ROOT / "requirements" / name)) > 0
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_image_is_that_of_a_worker() -> None:
    (health,) = instructions(FILE, "HEALTHCHECK")
    program, *check = ast.literal_eval(health[health.index("[") :])
    assert program == "taskhub"
    assert parse_command_line(check)["healthcheck"] == "live"
    assert instructions(FILE, "ENTRYPOINT") == ['["taskhub"]']
    (command,) = instructions(FILE, "CMD")
    assert parse_command_line(ast.literal_eval(command))
    assert instructions(FILE, "STOPSIGNAL") == ["SIGTERM"]
    # The number, by which Kubernetes knows that it is not root.
    assert instructions(FILE, "USER") == ["10001:10001"]


def test_base_images_have_exact_tags() -> None:
    (tag,) = instructions(FILE, "ARG")[:1]
    assert re.fullmatch(r"PYTHON=\d+\.\d+\.\d+-slim-[a-z]+", tag)
    assert {line.split()[0] for line in instructions(FILE, "FROM")} == {"python:${PYTHON}"}


#: What a container is for its process: number 1 of its processes, a user without rights, a root
#: file system that is read-only, and a /tmp.
CONTAINER: Final = """
mount -o remount,bind,ro /
mount -t tmpfs tmpfs "$TMPDIR"
exec unshare --user --map-user=10001 --map-group=10001 "$@"
"""
NAMESPACES: Final = ("unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork")


def has_namespaces() -> bool:
    """Whether this user may make namespaces here."""
    try:
        return run(*NAMESPACES, "--mount-proc", "true").returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(
    not has_namespaces(), reason="needs unshare of util-linux 2.38, and user namespaces"
)
def test_a_worker_runs_as_process_1_without_rights_on_a_read_only_file_system(
    commands: Commands,
) -> None:
    worker = [sys.executable, "-m", "taskhub", "worker", "-p", "1", "-t", "1"]
    log = commands.directory / "worker.log"
    with log.open("wb") as output:
        container = subprocess.Popen(
            [*NAMESPACES, "--mount-proc", "sh", "-ec", CONTAINER, "sh", *worker],
            cwd=commands.directory,
            env={**commands.environment, "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: "is ready" in log.read_text() or container.poll() is not None, "the worker")
        assert container.poll() is None, log.read_text()
        called = commands.run("call", "shop.look_around", "--wait", "--json")
        # Of process 1, as that user, and nothing can be written beside the code.
        assert json.loads(called.stdout)["result"] == [1, 10001, "EROFS"]
        (process,) = psutil.Process(container.pid).children()
        # As the engine of containers runs the health check.
        check = run(
            *("nsenter", "--target", str(process.pid), "--mount", "--pid"),
            *("nsenter", "--target", "1", "--user", "--preserve-credentials"),
            *("env", f"TMPDIR={commands.environment['TMPDIR']}"),
            *(sys.executable, "-m", "taskhub", "worker", "--healthcheck", "live"),
        )
        assert check.returncode == 0, check.stdout + check.stderr
        assert "(process 1): 1 of 1 process ready" in check.stdout
        process.send_signal(signal.SIGTERM)
        assert container.wait(60) == 0, log.read_text()
        assert "is stopping" in log.read_text()
    finally:
        # With process 1 all others of its namespace end.
        if container.poll() is None:
            for process in psutil.Process(container.pid).children():
                process.kill()
        container.kill()
        container.wait()


def test_the_example_names_its_app() -> None:
    (environment,) = instructions(EXAMPLE / "Dockerfile", "ENV")
    assert shlex.split(environment) == ["TASKHUB_APP=shop"]
    code = "import shop; print(sorted(n for n in shop.app.tasks if n.startswith('shop.')))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=EXAMPLE,
        env={"PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "['shop.add', 'shop.check_prices']", done.stderr
