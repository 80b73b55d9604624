"""`make release`: build, check and try the distributions; with a version sign off and tag them."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from scripts.release.builder import Builder
from scripts.release.changelog import notes_of, sign_off
from scripts.release.git import Git
from scripts.release.installation import Installation
from scripts.release.interpreters import REPORTED_ONLY, Interpreter, find_interpreters
from scripts.release.licences import complaints_about_licences
from scripts.release.processes import run
from scripts.release.readiness import refusals, refusals_of_tag
from scripts.release.steps import Refused, Steps
from scripts.release.version import SOURCE, read_version

ROOT: Final = Path(__file__).parents[2]
TOOLS: Final = ROOT / ".venv-tools" / "bin"
REPOSITORY: Final = "https://github.com/taskhub-project/taskhub"


@click.command(help=__doc__)
@click.option("--version", "wanted", metavar="X.Y.Z", help="Sign off and tag this version.")
@click.option("--tag", metavar="vX.Y.Z", help="Check that this commit is what the tag names.")
@click.option("--dry-run", is_flag=True, help="Do everything but to change the branch and tag.")
@click.option("--all-pythons", is_flag=True, help="Fail if a supported Python is not here.")
@click.option("--no-install", is_flag=True, help="Only build and check files.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / "dist",
    help="Where the files go, instead of dist/.",
)
def main(
    wanted: str | None,
    tag: str | None,
    dry_run: bool,
    all_pythons: bool,
    no_install: bool,
    output: Path,
) -> None:
    if wanted is not None and tag is not None:
        raise click.UsageError("--version makes a tag, --tag checks one: give one of them.")
    if wanted is not None and no_install:
        raise click.UsageError("a version is not tagged before it was installed and tried.")
    git = Git(ROOT)
    try:
        state = git.inspect()
        found = refusals(state, wanted) if wanted is not None else []
        found += refusals_of_tag(state, tag) if tag is not None else []
        if found:
            for complaint in found:
                click.echo(f"error: {complaint}", err=True)
            sys.exit(1)
        uv = run(ROOT / "scripts" / "uv", sys.executable, directory=ROOT).strip()
        if not uv:
            raise Refused("uv is needed to build with pinned tools: install it (pip install uv)")
        with tempfile.TemporaryDirectory(prefix="taskhub-release-") as place:
            with git.checkout(Path(place) / "tree") as tree:
                commit = None
                if wanted is not None:
                    today = datetime.now(UTC).date()
                    signed = sign_off(state.changelog, wanted, today, REPOSITORY)
                    commit = tree.commit_version(state.version, wanted, signed)
                if state.changes:
                    click.echo("note: what is not committed is not part of the build", err=True)
                steps = Check(uv, tree, Path(place)).run(all_pythons, install=not no_install)
            steps.show(Console(width=None if sys.stdout.isatty() else 160, highlight=False))
            if steps.failed:
                click.echo("error: not released: see the steps that failed", err=True)
                sys.exit(1)
            replace_files(output, Path(place) / "dist")
        click.echo(f"built into {output}")
        if wanted is None or commit is None:
            return
        if dry_run:
            click.echo(f"--dry-run: {wanted} would be committed and tagged v{wanted} now")
            return
        git.publish(commit, wanted, notes_of(signed, wanted))
    except Refused as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"committed and tagged v{wanted}; publish it: git push origin main v{wanted}")


class Check:
    """All steps over one checked-out commit.

    Args:
        uv: The program.
        tree: The commit.
        place: A directory for environments and files; the files to publish end up in `dist`.
    """

    def __init__(self, uv: str, tree: Git, place: Path) -> None:
        self._uv = uv
        self._tree = tree
        self._place = place
        self._output = place / "dist"
        self._builder = Builder(uv, tree.root, self._output, tree.commit_time())
        self._version = read_version((tree.root / SOURCE).read_text("utf-8"))
        self._steps = Steps()
        #: Whether the dependencies of an installation have been listed.
        self._described = False

    def run(self, all_pythons: bool, *, install: bool) -> Steps:
        """Take all steps; those that need files are left out if there are none."""
        steps, builder = self._steps, self._builder
        if not steps.check(f"build {self._version}, wheels from sdists", builder.build):
            return steps
        steps.check("build again", lambda: builder.compare(self._place / "again"), "the same bytes")
        celery = self._celery_version()
        machine = [str(self._tree.root), str(ROOT), str(self._place), f"{Path.home()}/"]
        steps.check("contents", lambda: builder.complaints(self._version, celery, machine))
        steps.check("twine check --strict", self._check_with_twine)
        if install:
            interpreters = find_interpreters()
            for interpreter in interpreters:
                self._try(interpreter, celery, required=all_pythons)
            if not any(one.program for one in interpreters):
                steps.note_absent("any Python from 3.11 to 3.14", required=True)
        return steps

    def _try(self, interpreter: Interpreter, celery: str, *, required: bool) -> None:
        """Try the wheels on a Python; describe what is installed on the first one."""
        name = f"Python {interpreter.name}"
        needed = interpreter.name not in REPORTED_ONLY
        if interpreter.program is None:
            self._steps.note_absent(name, required=required and needed)
            return
        made = Installation(
            interpreter, self._place / f"py{interpreter.name}", ROOT, self._output, self._uv
        )
        release = interpreter.release
        steps = self._steps
        if not steps.check(f"{name}: install by hash", made.install, release, required=needed):
            return
        if not self._described:
            self._described = True
            steps.check("licences of dependencies", lambda: self._check_licences(made))
            steps.check("SBOM (CycloneDX)", lambda: self._write_sbom(made))
        for what, check in (
            ("commands and imports", lambda: made.try_commands(self._version, celery)),
            ("worker, chain, scheduler", made.try_program),
            ("in the place of Celery", lambda: made.try_in_place_of_celery(celery)),
        ):
            steps.check(f"{name}: {what}", check, required=needed)

    def _celery_version(self) -> str:
        (wheel,) = self._output.glob("celery-*.whl")
        return wheel.name.split("-")[1]

    def _check_with_twine(self) -> list[str]:
        files = sorted(self._output.iterdir())
        run(TOOLS / "twine", "check", "--strict", *files, directory=self._place)
        return []

    def _check_licences(self, installation: Installation) -> list[str]:
        rows = run(
            *(TOOLS / "pip-licenses", f"--python={installation.python}"),
            *("--format=json", "--from=mixed", "--with-urls"),
            directory=self._place,
        )
        (self._output / f"taskhub-{self._version}-licences.json").write_text(rows)
        return complaints_about_licences(json.loads(rows))

    def _write_sbom(self, installation: Installation) -> list[str]:
        target = self._output / f"taskhub-{self._version}.cdx.json"
        run(
            *(TOOLS / "cyclonedx-py", "environment", "--output-reproducible"),
            *("--output-format", "JSON", "--output-file", target, installation.python),
            directory=self._place,
        )
        text = target.read_text("utf-8")
        named = {part["name"] for part in json.loads(text)["components"]}
        missing = sorted({"taskhub-core", "taskhub-compat", "dramatiq", "redis"} - named)
        found = [f"the SBOM lacks {name}" for name in missing]
        return found + ["the SBOM names files of this machine"] * ("file://" in text)


def replace_files(output: Path, built: Path) -> None:
    """Put what was built into a directory, in the place of what was built before, and no other."""
    output.mkdir(parents=True, exist_ok=True)
    for pattern in ("*.whl", "*.tar.gz", "taskhub-*.json"):
        for before in output.glob(pattern):
            before.unlink()
    shutil.copytree(built, output, dirs_exist_ok=True)


if __name__ == "__main__":
    main(prog_name="make release")
