"""What `make release` decides: whether, as which version, and what is wrong with what was built."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.release.__main__ import REPOSITORY, main, replace_files
from scripts.release.changelog import (
    UNRELEASED,
    complaints_about,
    complaints_about_tagged,
    notes_of,
    read_sections,
    sign_off,
)
from scripts.release.git import Git
from scripts.release.interpreters import find_interpreters
from scripts.release.processes import run
from scripts.release.readiness import (
    NO_RELEASE_YET,
    Repository,
    refusals,
    refusals_of_tag,
)
from scripts.release.steps import Refused, Steps
from scripts.release.version import (
    PINNING,
    SOURCE,
    bumped,
    complaints_about_version,
    pin_of,
    read_version,
)
from taskhub.version import __version__

ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- A thing.
- Another [one](docs/guide.md).

## [0.1.0] - 2026-11-30

- The first.

[0.1.0]: https://example.org/v0.1.0
"""
READY = Repository(
    branch="main",
    changes=(),
    tags=("v0.1.0",),
    behind=0,
    version="0.1.0",
    changelog=CHANGELOG,
    readmes={},
    stored=("0.1.0", "0.2.0"),
)


# ------------------------------------------------------------------------------------ changelog


def test_sections_are_read_with_their_dates() -> None:
    unreleased, first = read_sections(CHANGELOG)
    assert (unreleased.name, unreleased.day, unreleased.entries) == (UNRELEASED, None, 2)
    assert (first.name, first.day, first.text) == ("0.1.0", date(2026, 11, 30), "- The first.")


def test_signing_off_moves_entries_into_a_dated_section() -> None:
    signed = sign_off(CHANGELOG, "0.2.0", date(2026, 12, 24), "https://example.org/taskhub")
    assert [(one.name, one.day, one.entries) for one in read_sections(signed)] == [
        (UNRELEASED, None, 0),
        ("0.2.0", date(2026, 12, 24), 2),
        ("0.1.0", date(2026, 11, 30), 1),
    ]
    assert notes_of(signed, "0.2.0") == notes_of(CHANGELOG, UNRELEASED)
    assert signed.endswith(
        "[0.2.0]: https://example.org/taskhub/releases/tag/v0.2.0\n[0.1.0]: https://example.org/v0.1.0\n"
    )
    assert complaints_about_tagged(signed, "0.2.0") == []
    # It cannot be done twice.
    empty, again = complaints_about(signed, "0.2.0")
    assert "[Unreleased] of CHANGELOG.md has no entries" in empty
    assert "CHANGELOG.md has a section [0.2.0] already" in again


def test_the_changelog_of_this_tree_is_ready_or_signed_off() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    unreleased = read_sections(text)[0]
    assert unreleased.name == UNRELEASED
    if not unreleased.entries:
        assert complaints_about_tagged(text, __version__) == []
        return
    assert complaints_about(text, "9.9.9") == []
    signed = sign_off(text, "9.9.9", date(2026, 12, 1), REPOSITORY)
    assert complaints_about_tagged(signed, "9.9.9") == []


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("## [Unreleased]", "## Unreleased", "has no section [Unreleased]"),
        (" - 2026-11-30", "", "the section [0.1.0] of CHANGELOG.md has no date"),
        (" - 2026-11-30", " - 2026-11-31", "the section [0.1.0] of CHANGELOG.md has no date"),
        ("[0.1.0] - ", "[0.2.0] - ", "has a section [0.2.0] already"),
    ],
)
def test_what_is_wrong_with_a_changelog_is_named(before: str, after: str, complaint: str) -> None:
    (found,) = complaints_about(CHANGELOG.replace(before, after, 1), "0.2.0")
    assert complaint in found


# -------------------------------------------------------------------------------------- versions


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ("0.2.0", None),
        ("0.1.1", None),
        ("1.0.0rc1", None),
        ("0.2", "is not a version"),
        ("v0.2.0", "is not a version"),
        ("0.2.0.dev1", "is not a version"),
        ("0.2.0+local", "is not a version"),
        ("0.02.0", "is not a version"),
        ("next", "is not a version"),
        ("", "is not a version"),
        ("0.1.0", "0.1.0 is released already (tag v0.1.0)"),
        ("0.1.0rc1", "0.1.0rc1 comes before 0.1.0, which is released"),
    ],
)
def test_versions_that_may_follow(wanted: str, complaint: str | None) -> None:
    found = complaints_about_version(wanted, "0.1.0", ["v0.1.0", "vendored", "v0.0.9.x"])
    assert (complaint in found[0]) if complaint is not None else (found == [])


def test_a_version_before_that_of_the_tree_is_refused() -> None:
    (found,) = complaints_about_version("0.2.0", "0.3.0", [])
    assert found.startswith("0.2.0 comes before 0.3.0, which src/taskhub/version.py has")


@pytest.mark.parametrize(
    ("version", "pin"),
    [
        ("0.1.0", "taskhub-core>=0.1,<0.2"),
        ("0.1.7", "taskhub-core>=0.1,<0.2"),
        ("1.10.0", "taskhub-core>=1.10,<1.11"),
        # 0.2rc1 comes before 0.2, so that >=0.2 would not take it.
        ("0.2.0rc1", "taskhub-core>=0.2rc1,<0.3"),
    ],
)
def test_other_distributions_pin_the_minor_version(version: str, pin: str) -> None:
    assert pin_of(version) == pin


def test_a_new_version_reaches_every_place_that_names_it() -> None:
    changed = set()
    for name in (SOURCE, *PINNING, *Git(ROOT).naming()):
        text = (ROOT / name).read_text("utf-8")
        new = bumped(name, text, __version__, "7.8.9")
        if new != text:
            changed.add(name)
            assert bumped(name, new, "7.8.9", __version__) == text, name
        # The comparison says which versions it is about.
        if name != "docs/comparison.md":
            left = re.findall(rf".*(?<![\d.]){re.escape(__version__)}(?![\d.]\d).*", new)
            assert not left, name
    assert changed >= {SOURCE, *PINNING, "README.md", "README.zh-CN.md", "docs/compat.md"}
    assert "deploy/helm/taskhub/Chart.yaml" in changed
    assert (
        read_version(bumped(SOURCE, (ROOT / SOURCE).read_text(), __version__, "7.8.9")) == "7.8.9"
    )


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("dist/taskhub_core-0.1.0-py3-none-any.whl", "dist/taskhub_core-0.2.0-py3-none-any.whl"),
        ("5.7.0+taskhub.0.1.0: to pip", "5.7.0+taskhub.0.2.0: to pip"),
        ("docker build -t taskhub:0.1.0 .", "docker build -t taskhub:0.2.0 ."),
        ("version: 0.1.0\nappVersion: 0.1.0", "version: 0.2.0\nappVersion: 0.2.0"),
        ("and taskhub 0.1.0 reads", "and taskhub 0.2.0 reads"),
        # Others' versions, and later ones.
        ("image: grafana:0.1.0", None),
        ("taskhub 0.1.0.1", None),
        ("taskhub_core-0.1.01", None),
        ("127.0.1.0", None),
    ],
)
def test_only_our_version_is_replaced(text: str, new: str | None) -> None:
    assert bumped("docs/a.md", text, "0.1.0", "0.2.0") == (text if new is None else new)


# ------------------------------------------------------------------------------------- readiness


def test_a_clean_tree_on_main_may_be_released() -> None:
    assert refusals(READY, "0.2.0") == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"branch": "topic"}, "this is branch topic: releases are made from main"),
        ({"branch": ""}, "this is no branch: releases are made from main"),
        ({"changes": ("a.py",)}, "changes that are not committed (a.py): commit or stash them"),
        ({"changes": tuple("abcdefg")}, "(a, b, c, d, e and 2 more)"),
        ({"behind": 2}, "2 commits of upstream are missing: git pull first"),
        ({"tags": ("v0.2.0",)}, "0.2.0 is released already"),
        ({"changelog": CHANGELOG.replace("- ", "* ")}, "has no entries"),
        ({"readmes": dict(NO_RELEASE_YET)}, "write how to install the release"),
        ({"stored": ("0.1.0",)}, "tests/stored/data has no data of 0.2"),
    ],
)
def test_why_a_release_is_refused(change: Mapping[str, object], complaint: str) -> None:
    found = refusals(replace(READY, **change), "0.2.0")  # type: ignore[arg-type]
    assert found, "it is refused"
    assert all(complaint in one or "README" in one or "no date" in one for one in found)


def test_a_tag_is_what_the_tree_says() -> None:
    assert refusals_of_tag(READY, "v0.1.0") == []
    assert refusals_of_tag(READY, "v0.2.0") == [
        "the tag is v0.2.0, the version 0.1.0: `make release` tags"
    ]
    undated = replace(READY, changelog=CHANGELOG.replace(" - 2026-11-30", ""))
    assert "has no date" in refusals_of_tag(undated, "v0.1.0")[0]
    missing = replace(READY, changelog=CHANGELOG.partition("## [0.1.0]")[0])
    assert "has no section [0.1.0]" in refusals_of_tag(missing, "v0.1.0")[0]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--version", "0.2.0", "--tag", "v0.2.0"], "give one of them"),
        (["--version", "0.2.0", "--no-install"], "before it was installed and tried"),
        (["--version", "0.2"], "error: version=0.2 is not a version: give three numbers"),
        (["--tag", "v0.0.7"], f"error: the tag is v0.0.7, the version {__version__}"),
    ],
)
def test_mistakes_get_one_line_and_change_nothing(arguments: list[str], line: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code != 0
    assert line in result.output
    assert "Traceback" not in result.output


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with the files that a release changes."""
    root = tmp_path / "clone"
    for name in (SOURCE, *PINNING, *NO_RELEASE_YET, "CHANGELOG.md"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text((ROOT / name).read_text("utf-8"), "utf-8")
    run("git", "init", "--quiet", "--initial-branch=main", directory=root)
    run("git", "config", "user.name", "Ada", directory=root)
    run("git", "config", "user.email", "ada@example.org", directory=root)
    run("git", "add", ".", directory=root)
    run("git", "commit", "--quiet", "--message", "Begin", directory=root)
    return root


def test_a_release_is_committed_and_tagged_from_a_checkout_of_its_own(
    clone: Path, tmp_path: Path
) -> None:
    git = Git(clone)
    before = git.inspect()
    assert (before.branch, before.changes, before.behind) == ("main", (), 0)
    signed = sign_off(before.changelog, "7.8.9", date(2026, 12, 1), REPOSITORY)
    with git.checkout(tmp_path / "tree") as tree:
        commit = tree.commit_version(before.version, "7.8.9", signed)
        # Nothing has happened to the clone until it is published.
        assert git.inspect() == before
    assert not (tmp_path / "tree").exists()
    git.publish(commit, "7.8.9", notes_of(signed, "7.8.9"))
    after = git.inspect()
    assert (after.version, after.changes, after.tags) == ("7.8.9", (), ("v7.8.9",))
    assert refusals_of_tag(after, "v7.8.9") == []
    shown = run("git", "cat-file", "-p", "v7.8.9", directory=clone)
    assert "type commit" in shown
    assert "### Added" in shown
    (clone / "new.txt").write_text("")
    assert git.inspect().changes == ("new.txt",)


# ------------------------------------------------------------------------------------- the machine


def test_pythons_are_found_or_said_to_be_missing() -> None:
    present = f"{sys.version_info.major}.{sys.version_info.minor}"
    found, absent = find_interpreters((present, "3.99"))
    assert found.program is not None
    said = subprocess.run([found.program, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == f"Python {found.release}"
    assert (absent.name, absent.program) == ("3.99", None)


def test_steps_go_on_after_a_failure_and_remember_it() -> None:
    steps = Steps()

    def refuse() -> list[str]:
        raise Refused("twine ... ended with 1:\nbroken")

    def results() -> Iterable[str]:
        return [step.result for step in steps.done]

    assert steps.check("one", list, "3 files")
    assert not steps.check("two", lambda: ["wrong"], required=False)
    steps.note_absent("Python 3.14t", required=False)
    assert not steps.failed
    assert not steps.check("three", refuse)
    assert steps.check("four", list)
    assert steps.failed
    assert results() == ["ok", "reported", "absent", "failed", "ok"]
    assert steps.done[3].details == ("twine ... ended with 1:", "broken")


def test_built_files_replace_earlier_ones_and_nothing_else(tmp_path: Path) -> None:
    built, output = tmp_path / "built", tmp_path / "output"
    built.mkdir()
    output.mkdir()
    for name in ("taskhub_core-0.1.0-py3-none-any.whl", "taskhub-0.1.0.cdx.json", "notes.txt"):
        (output / name).touch()
    (built / "taskhub_core-0.2.0-py3-none-any.whl").touch()
    replace_files(output, built)
    assert {path.name for path in output.iterdir()} == {
        *("notes.txt", "taskhub_core-0.2.0-py3-none-any.whl")
    }
