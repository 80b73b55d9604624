"""`taskhub upgrade settings`: settings under their names of today."""

from __future__ import annotations

import io
import shutil
import tokenize
from pathlib import Path

import click

from taskhub.cli import exit_codes
from taskhub.cli.command_runner import CommandError
from taskhub.cli.output import note
from taskhub.config.settings import NEW_NAMES


@click.group(epilog=exit_codes.EXPLAINED)
def upgrade() -> None:
    """Bring files up to date."""


@upgrade.command()
@click.argument("filename", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--django",
    "--compat",
    "prefixed",
    is_flag=True,
    help="Keep them in upper case with CELERY_ in front, for namespace='CELERY'.",
)
@click.option("--no-backup", is_flag=True, help="Don't keep FILENAME.orig.")
def settings(filename: Path, prefixed: bool, no_backup: bool) -> None:
    """Give settings in the file FILENAME the names that they have since Celery 4."""
    try:
        with tokenize.open(filename) as file:
            encoding, text = file.encoding, file.read()
        changed = renamed(text, prefixed=prefixed)
    except (SyntaxError, UnicodeDecodeError, tokenize.TokenError) as error:
        raise CommandError(f"{filename} is not Python: {error}", exit_codes.USAGE) from error
    note(f"processing {filename}...")
    if changed == text:
        click.echo("Does not seem to require any changes :-)")
        return
    if not no_backup:
        backup = filename.with_name(f"{filename.name}.orig")
        note(f"writing backup to {backup}...")
        shutil.copy2(filename, backup)
    filename.write_text(changed, encoding)
    click.echo("Changes to your setting have been made!")


def renamed(text: str, *, prefixed: bool) -> str:
    """Return a module's source with its settings renamed: names, attributes and subscripts.

    Raises:
        SyntaxError, TokenError: it is no Python.
    """
    lines = text.splitlines(keepends=True)
    for token in reversed(list(tokenize.generate_tokens(io.StringIO(text).readline))):
        if token.type not in (tokenize.NAME, tokenize.STRING):
            continue
        name = token.string.strip("\"'")
        new = NEW_NAMES.get(name)
        if new is None:
            continue
        if prefixed:
            new = new.upper()
            new = new if new.startswith("CELERY_") else f"CELERY_{new}"
        (row, begin), (_, end) = token.start, token.end
        line = lines[row - 1]
        lines[row - 1] = line[:begin] + line[begin:end].replace(name, new) + line[end:]
    return "".join(lines)
