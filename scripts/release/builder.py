"""Builds the distributions from a commit, twice, to see that the same files come of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from scripts.release.contents import complaints_about_sdist, complaints_about_wheel
from scripts.release.distributions import DISTRIBUTIONS, Distribution
from scripts.release.processes import run


class Builder:
    """Builds with uv, in environments that hold the pinned build backend and nothing else.

    A wheel is built from its source distribution, so that this is shown to build alone.

    Args:
        uv: The program.
        tree: The checked-out commit.
        output: Where the files go.
        epoch: The time of the commit, which is the time of all files in archives.
    """

    def __init__(self, uv: str, tree: Path, output: Path, epoch: int) -> None:
        self._uv = uv
        self._tree = tree
        self._epoch = epoch
        self.output = output

    def build(self) -> list[str]:
        """Build all distributions."""
        return self._build_into(self.output)

    def compare(self, again: Path) -> list[str]:
        """Build once more; return the files that came out differently."""
        self._build_into(again)
        first, second = hashes_of(self.output), hashes_of(again)
        return [
            f"{name} is not reproducible: two builds differ"
            for name in sorted(first.keys() | second.keys())
            if first.get(name) != second.get(name)
        ]

    def complaints(self, version: str, celery: str, machine: list[str]) -> list[str]:
        """Return what is wrong with what the built files hold.

        Args:
            version: The version to be expected.
            celery: That of the wheel named celery.
            machine: Paths of this machine, which no file may hold.
        """
        found = []
        for distribution in DISTRIBUTIONS:
            own = version if distribution.published else celery
            for wheel in self.files_of(distribution, ".whl"):
                found += complaints_about_wheel(wheel, distribution, own, machine)
            for sdist in self.files_of(distribution, ".tar.gz"):
                found += complaints_about_sdist(sdist, distribution, own, machine)
        return found

    def files_of(self, distribution: Distribution, suffix: str) -> list[Path]:
        """Return the built files of a distribution."""
        return sorted(self.output.glob(f"{distribution.file_name}-*{suffix}"))

    def _build_into(self, output: Path) -> list[str]:
        for distribution in DISTRIBUTIONS:
            run(
                *(self._uv, "build", "--quiet", "--out-dir", output),
                *("--build-constraints", self._tree / "requirements" / "run.txt"),
                "--require-hashes",
                *(() if distribution.published else ("--wheel",)),
                self._tree / distribution.directory,
                directory=self._tree,
                environment={"SOURCE_DATE_EPOCH": str(self._epoch)},
            )
        # Of uv, so that nobody commits what was built.
        (output / ".gitignore").unlink(missing_ok=True)
        expected = {(one.file_name, ".whl") for one in DISTRIBUTIONS}
        expected |= {(one.file_name, ".gz") for one in DISTRIBUTIONS if one.published}
        built = {(path.name.partition("-")[0], path.suffix) for path in output.iterdir()}
        return [f"{name}-*{suffix} was not built" for name, suffix in sorted(expected - built)]


def hashes_of(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of each file by its name."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.iterdir())
    }
