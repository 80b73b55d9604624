"""What git knows of the repository, and what a release does to it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from scripts.release.processes import run
from scripts.release.readiness import NO_RELEASE_YET, STORED, Repository
from scripts.release.steps import Refused
from scripts.release.version import NAMING, PINNING, SOURCE, bumped, read_version


class Git:
    """A clone.

    Args:
        root: Its directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def inspect(self) -> Repository:
        """Return what a release depends on."""
        changes = self._git("status", "--porcelain").splitlines()
        return Repository(
            branch=self._git("branch", "--show-current"),
            changes=tuple(line[3:] for line in changes),
            tags=tuple(self._git("tag", "--list").splitlines()),
            behind=self._behind(),
            version=read_version((self.root / SOURCE).read_text("utf-8")),
            changelog=(self.root / "CHANGELOG.md").read_text("utf-8"),
            readmes={name: (self.root / name).read_text("utf-8") for name in NO_RELEASE_YET},
            stored=tuple(path.stem for path in sorted((self.root / STORED).glob("*.json"))),
        )

    def commit_time(self) -> int:
        """Return when the commit was made, seconds since the epoch."""
        return int(self._git("log", "-1", "--format=%ct"))

    def naming(self) -> list[str]:
        """Return the documents and files of deployment, which may name the version."""
        return self._git("ls-files", "--", *NAMING).splitlines()

    @contextmanager
    def checkout(self, directory: Path) -> Generator[Git]:
        """Check the commit out into a directory of its own, for the length of a block."""
        self._git("worktree", "add", "--quiet", "--detach", str(directory), "HEAD")
        try:
            yield Git(directory)
        finally:
            self._git("worktree", "remove", "--force", str(directory))

    def commit_version(self, old: str, new: str, changelog: str) -> str:
        """Write a version and its changelog, and return the commit with both."""
        for name in (SOURCE, *PINNING, *self.naming()):
            path = self.root / name
            path.write_text(bumped(name, path.read_text("utf-8"), old, new), "utf-8")
        (self.root / "CHANGELOG.md").write_text(changelog, "utf-8")
        self._git("commit", "--quiet", "--all", "--message", f"Release {new}")
        return self._git("rev-parse", "HEAD")

    def publish(self, commit: str, version: str, notes: str) -> None:
        """Move the branch forward to a commit and tag it."""
        self._git("merge", "--quiet", "--ff-only", commit)
        message = f"taskhub {version}\n\n{notes}\n"
        # Headings of the notes begin as git's comments do.
        self._git("tag", "--annotate", "--cleanup=whitespace", f"v{version}", "--message", message)

    def _behind(self) -> int:
        try:
            return int(self._git("rev-list", "--count", "HEAD..@{upstream}"))
        except Refused:
            # It has no upstream.
            return 0

    def _git(self, *arguments: str) -> str:
        return run("git", *arguments, directory=self.root).strip("\n")
