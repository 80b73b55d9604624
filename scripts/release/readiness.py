"""Whether a repository may be released from as it is: a decision over what git says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scripts.release.changelog import complaints_about, complaints_about_tagged
from scripts.release.version import complaints_about_version

BRANCH: Final = "main"
#: Data of each minor version, which later ones must read (docs/versions.md).
STORED: Final = "tests/stored/data"
#: How many changed files an error names.
_NAMED: Final = 5
#: What READMEs say until there is a release: only people can write what comes instead.
NO_RELEASE_YET: Final = {
    "README.md": "There has been no release yet",
    "README.zh-CN.md": "尚未发布",
}


@dataclass(frozen=True)
class Repository:
    """What matters of a repository."""

    #: "": none, the commit is checked out by itself.
    branch: str
    #: Paths that differ from the commit, or are not in it.
    changes: tuple[str, ...]
    tags: tuple[str, ...]
    #: How many commits the branch has upstream that are not here.
    behind: int
    version: str
    changelog: str
    #: By the names of `NO_RELEASE_YET`.
    readmes: dict[str, str]
    #: The versions whose data is kept in `STORED`.
    stored: tuple[str, ...]


def refusals(repository: Repository, wanted: str) -> list[str]:
    """Return why a version cannot be released, each with what to do; empty: it can."""
    found = []
    if repository.branch != BRANCH:
        where = f"branch {repository.branch}" if repository.branch else "no branch"
        found.append(f"this is {where}: releases are made from {BRANCH} (git switch {BRANCH})")
    found += _of_changes(repository)
    if repository.behind:
        found.append(f"{repository.behind} commits of upstream are missing: git pull first")
    of_version = complaints_about_version(wanted, repository.version, list(repository.tags))
    found += of_version or complaints_about(repository.changelog, wanted)
    if not of_version:
        found += _of_stored(repository.stored, wanted)
    found += [
        f"{name} says {sentence!r}: write how to install the release"
        for name, sentence in NO_RELEASE_YET.items()
        if sentence in repository.readmes.get(name, "")
    ]
    return found


def refusals_of_tag(repository: Repository, tag: str) -> list[str]:
    """Return why what is checked out is not what a tag names; empty: it is."""
    found = _of_changes(repository)
    if tag != f"v{repository.version}":
        found.append(f"the tag is {tag}, the version {repository.version}: `make release` tags")
    return found + complaints_about_tagged(repository.changelog, repository.version)


def _of_stored(stored: tuple[str, ...], wanted: str) -> list[str]:
    minor = wanted.split(".")[:2]
    if any(version.split(".")[:2] == minor for version in stored):
        return []
    make = f"python -m tests.stored.make {wanted}"
    return [f"{STORED} has no data of {'.'.join(minor)}, for tests of later versions: {make}"]


def _of_changes(repository: Repository) -> list[str]:
    changes = repository.changes
    if not changes:
        return []
    more = f" and {len(changes) - _NAMED} more" if len(changes) > _NAMED else ""
    named = ", ".join(changes[:_NAMED])
    return [f"the tree has changes that are not committed ({named}{more}): commit or stash them"]
