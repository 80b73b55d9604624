"""The files for the code host are valid, pinned, and give each job what it needs and no more."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

ROOT = Path(__file__).parents[2]
HOST = ROOT / ".github"
TOOLS = ROOT / ".venv-tools" / "bin"
WORKFLOWS = sorted((HOST / "workflows").glob("*.yml"))
FORMS = sorted(set((HOST / "ISSUE_TEMPLATE").glob("*.yml")) - {HOST / "ISSUE_TEMPLATE/config.yml"})


def tool(name: str) -> Path:
    if not TOOLS.exists():
        pytest.fail(f"{TOOLS.parent} does not exist: run `make .venv-tools/.requirements`")
    return TOOLS / name


def schema_of(name: str) -> dict[str, Any]:
    """Return a schema that check-jsonschema brings; the program takes two seconds to start."""
    tool("check-jsonschema")
    place = "lib/python*/site-packages/check_jsonschema/builtin_schemas/vendor"
    (path,) = TOOLS.parent.glob(f"{place}/{name}.json")
    schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return schema


def read(path: Path) -> Any:
    found = yaml.safe_load(path.read_text("utf-8"))
    # To YAML 1.1 `on` is true; code hosts read YAML 1.2.
    return {{True: "on"}.get(name, name): value for name, value in found.items()}


def jobs() -> list[Any]:
    return [
        pytest.param(workflow, job, id=f"{path.stem}-{name}")
        for path in WORKFLOWS
        for workflow in [read(path)]
        for name, job in workflow["jobs"].items()
    ]


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", WORKFLOWS),
        ("github-issue-forms", FORMS),
        ("github-issue-config", [HOST / "ISSUE_TEMPLATE/config.yml"]),
        ("dependabot", [HOST / "dependabot.yml"]),
    ],
)
def test_files_are_of_their_schemas(schema: str, files: list[Path]) -> None:
    validator = Draft7Validator(schema_of(schema))
    assert files
    for path in files:
        assert [error.message for error in validator.iter_errors(read(path))] == [], path.name


def test_a_schema_finds_what_is_wrong() -> None:
    workflow = read(HOST / "workflows/tests.yml")
    workflow["jobs"]["python"]["runs_on"] = "ubuntu"
    assert list(Draft7Validator(schema_of("github-workflows")).iter_errors(workflow))


def test_an_audit_of_the_workflows_finds_nothing() -> None:
    # Offline: what only an answer of the host could show is looked for there.
    command = [tool("zizmor"), "--offline", "--no-progress", HOST]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout + done.stderr


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit_and_named_by_version(path: Path) -> None:
    uses = re.findall(r"(?m)^ +(?:- )?uses: (.*)$", path.read_text("utf-8"))
    assert uses
    for line in uses:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


@pytest.mark.parametrize(("workflow", "job"), jobs())
def test_jobs_have_least_permissions_a_limit_and_one_run_at_a_time(
    workflow: dict[str, Any], job: dict[str, Any]
) -> None:
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]["group"]
    assert job["timeout-minutes"] <= 90
    granted = {name for name, right in job["permissions"].items() if right == "write"}
    assert granted <= {"id-token", "attestations", "pages"} or granted == {"contents"}
    if "id-token" in granted and "attestations" not in granted:
        # Who publishes is asked for approval by the rules of an environment.
        assert job["environment"]["name"] in ("pypi", "github-pages")


def test_the_matrix_is_that_of_the_metadata() -> None:
    tests = read(HOST / "workflows/tests.yml")
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    classified = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    assert tests["jobs"]["python"]["strategy"]["matrix"]["python"] == classified
    images = tests["jobs"]["stores"]["strategy"]["matrix"]["image"]
    # The oldest of each kind that docs/versions.md names.
    oldest = {image.partition(":")[0]: image for image in reversed(images)}
    assert set(oldest) == {"redis", "valkey/valkey"}
    page = (ROOT / "docs/versions.md").read_text("utf-8")
    for image in oldest.values():
        name, _, tag = image.rpartition("/")[2].partition(":")
        assert f"{name.capitalize()} {tag.partition('-')[0]}" in page


def test_commands_of_workflows_are_those_of_the_makefile() -> None:
    targets = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text("utf-8")))
    for path in WORKFLOWS:
        used = set(re.findall(r"\bmake ([a-z]+)\b", path.read_text("utf-8")))
        assert used <= targets, path.name


def test_the_matrix_installs_what_a_change_is_tested_with() -> None:
    script = (ROOT / ".ci/run").read_text("utf-8").replace("\\\n", " ")
    installed = re.findall(r"--no-install-recommends +([\w -]+?) *>", script)
    assert len(installed) >= 2
    workflow = (HOST / "workflows/tests.yml").read_text("utf-8")
    for package in " ".join(installed).split():
        assert re.search(rf"\b{package}\b", workflow), package
