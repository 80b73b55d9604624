"""What commands print."""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

import click

from taskhub.cli.program import is_quiet
from taskhub.config.urls import mask_url

#: What stands for the end of a text that was cut.
_CUT = "..."
#: A column is cut to no less than this.
_LEAST_PLACES = 12
#: No text at a terminal is longer, not even a name.
_MOST_PLACES = 200


def as_json(value: Any) -> str:
    """Return a value as JSON; what JSON has no word for, as its representation."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def say_json(value: Any) -> None:
    """Print a value as one line of JSON."""
    click.echo(as_json(value))


def say_value(value: Any) -> None:
    """Print a value for people: a text as it is, anything else as JSON."""
    click.echo(value if isinstance(value, str) else as_json(value))


def note(message: str) -> None:
    """Print what is not a result, on stderr, unless `--quiet` asks for results only."""
    context = click.get_current_context(silent=True)
    if context is not None and is_quiet(context):
        return
    click.echo(mask_url(message), err=True)


def table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    empty: str,
    *,
    cut: Collection[str] = (),
) -> None:
    """Print a table, or one line if it is empty; columns of numbers are aligned to the right.

    No line is wrapped, and ids and names are whole, up to 200 places at a terminal. Where nobody
    looks, as in a pipe, nothing is cut. Two spaces or more part columns, and no cell is empty, so
    `awk -F '  +'` can take them apart.

    Args:
        title: Stands above the columns; "" for none.
        columns: Their headings.
        rows: A value for each column.
        empty: What is printed instead of a table without rows.
        cut: Headings of the columns whose texts may be cut at a terminal that is too narrow.
    """
    if not rows:
        click.echo(f"{click.style(title, bold=True)}  {empty}" if title else empty)
        return
    # There is none if the command was started without.
    terminal = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    lines = draw_table(columns, rows, cut=cut, width=width)
    if title:
        click.secho(title, bold=True)
    click.secho(lines[0], bold=True)
    for line in lines[1:]:
        click.echo(line)


def draw_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    cut: Collection[str] = (),
    width: int | None = None,
) -> list[str]:
    """Return the lines of a table, the headings first; see `table`.

    Args:
        columns: Headings.
        rows: A value for each column.
        cut: Headings of the columns that are cut so that lines have no more than `width` places.
        width: None: nothing is cut.
    """
    cells = [list(columns), *([_cell(value) for value in row] for row in rows)]
    if width is not None:
        cells = [[_cut_to(text, _MOST_PLACES) for text in line] for line in cells]
    widths = [max(map(places, column)) for column in zip(*cells, strict=True)]
    over = 0 if width is None else sum(widths) + 2 * (len(columns) - 1) - width
    for index in sorted(range(len(columns)), key=lambda index: -widths[index]):
        if over > 0 and columns[index] in cut:
            kept = max(widths[index] - over, _LEAST_PLACES, places(columns[index]))
            over -= max(widths[index] - kept, 0)
            widths[index] = min(widths[index], kept)
    right = [
        all(isinstance(row[index], int | float) for row in rows) for index in range(len(columns))
    ]
    lines = []
    for line in cells:
        drawn = []
        for text, room, numeric in zip(line, widths, right, strict=True):
            text = _cut_to(text, room)
            space = " " * (room - places(text))
            drawn.append(space + text if numeric else text + space)
        lines.append("  ".join(drawn).rstrip())
    return lines


def places(text: str) -> int:
    """Return how many places of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def printable(text: str) -> str:
    """Return a text on one line, without what a terminal would take for a command."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def confirm(question: str, otherwise: str, option: str) -> None:
    """Ask at the terminal, and go on only after a yes.

    Args:
        question: What is asked.
        otherwise: What is printed after a no.
        option: Does it without asking; named where nobody can answer.

    Raises:
        CommandError: The answer is no, or there is none.
    """
    from taskhub.cli.command_runner import CommandError

    try:
        agreed = click.confirm(question, err=True)
    except click.Abort as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise
        click.echo(err=True)
        raise CommandError(
            f"{otherwise}: nobody answered; {option} goes on without asking"
        ) from error
    if not agreed:
        raise CommandError(otherwise)


def on_one_line(text: str) -> str:
    """Return a text without line breaks."""
    return " ".join(text.split())


def shortened(text: str, length: int = 200) -> str:
    """Return the beginning of a text, on one line."""
    line = on_one_line(text)
    return line if len(line) <= length else f"{line[: length - 3]}..."


def _cell(value: Any) -> str:
    return "-" if value is None else printable(str(value)) or "-"


def _cut_to(text: str, room: int) -> str:
    if places(text) <= room:
        return text
    # First the most that can fit: going sign by sign through a name of megabytes would take its
    # time.
    text = text[:room]
    while places(text) > room - len(_CUT):
        text = text[:-1]
    return text + _CUT


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return repr(value)
