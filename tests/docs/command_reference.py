"""Writes docs/commands.md from the commands themselves; tests/docs/test_reference.py holds it to them.

python -m tests.docs.command_reference
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from taskhub.cli.entry_points import plugins
from taskhub.cli.exit_codes import EXPLAINED
from taskhub.cli.group import taskhub

__all__ = ("PAGE", "written")

PAGE: Final = Path(__file__).resolve().parents[2] / "docs/commands.md"

_HEAD: Final = """\
# Commands

Made from the commands themselves by `make reference`; `taskhub COMMAND --help` prints the same.
[Operations](operations.md) says when to use them, [differences](differences.md) what is different
under the name `celery`.
"""
#: Every command has them; they are listed once.
_COMMON: Final = frozenset({"--app", "--broker", "--result-backend", "--help"})


def written() -> str:
    """Return the page."""
    root = click.Context(taskhub, info_name="taskhub")
    lines = [_HEAD, "## taskhub", "", "```text", "taskhub [OPTIONS] COMMAND [ARGUMENTS]", "```", ""]
    lines += ["Options of the program; the first three may also stand after the command:", ""]
    lines += [*_options(taskhub, root, everything=True), "", textwrap.fill(EXPLAINED, 100), ""]
    from_others = plugins()
    for name in sorted(taskhub.list_commands(root)):
        command = taskhub.get_command(root, name)
        assert command is not None
        origin = from_others.get(name)
        distribution = origin.dist.name if origin is not None and origin.dist is not None else None
        lines += _section(command, click.Context(command, root, name), 2, distribution)
    return "\n".join(lines).rstrip() + "\n"


def _section(
    command: click.Command, context: click.Context, level: int, distribution: str | None = None
) -> Iterator[str]:
    yield f"{'#' * level} {context.command_path}"
    yield ""
    if distribution not in (None, "taskhub-core"):
        yield f"From the distribution `{distribution}`."
        yield ""
    for paragraph in _paragraphs(command.help or ""):
        yield paragraph
        yield ""
    yield from ("```text", f"{context.command_path} {_usage(command, context)}", "```", "")
    options = list(_options(command, context))
    if options:
        yield from (*options, "")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _section(below, click.Context(below, context, name), level + 1)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.replace("\b", "").strip()):
        if paragraph.strip():
            yield textwrap.fill(_plain(" ".join(paragraph.split())), 100)


def _usage(command: click.Command, context: click.Context) -> str:
    return " ".join(command.collect_usage_pieces(context))


def _options(
    command: click.Command, context: click.Context, everything: bool = False
) -> Iterator[str]:
    rows = []
    for parameter in command.get_params(context):
        if not isinstance(parameter, click.Option) or parameter.hidden:
            continue
        if not everything and _COMMON.intersection(parameter.opts):
            continue
        found = parameter.get_help_record(context)
        if found is not None:
            names, text = found
            text = " ".join(text.split())
            rows.append(f"| {_cell(_code(names))} | {_cell(_plain(_described(parameter, text)))} |")
    if rows:
        yield from ("| option | |", "| --- | --- |", *rows)


def _described(option: click.Option, text: str) -> str:
    if isinstance(option.type, click.Choice) and option.metavar is not None:
        return f"{text} One of: {', '.join(map(str, option.type.choices))}."
    return text


def _code(names: str) -> str:
    return f"`{names}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _plain(text: str) -> str:
    """Return text in which nothing is taken for markup."""
    return re.sub(r"([<>*\[\]]|\b_|_\b)", r"\\\1", text)


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(), "utf-8")


if __name__ == "__main__":
    main()
