"""What commands print."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from taskhub.cli.program import is_quiet
from taskhub.config.urls import mask_url


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


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], empty: str) -> None:
    """Print a table, or one line if there is nothing to show. Columns of numbers stand to the right."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not rows:
        console.print(f"[bold]{title}[/]  {empty}")
        return
    drawn = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for index, column in enumerate(columns):
        numeric = all(isinstance(row[index], int | float) for row in rows)
        drawn.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(_cell(value) for value in row))
    console.print(drawn)


def shortened(text: str, length: int = 60) -> str:
    """Return the beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 3]}..."


def _cell(value: Any) -> str:
    from rich.markup import escape

    return escape(str(value))


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return repr(value)
